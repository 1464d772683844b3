"""The time split: nobody is asked what it has been told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate import fresh
from tests.evaluate.tasks import task

TIMES = st.datetimes().map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize(
    ("merged", "written", "refused"),
    [
        ("2026-03-05T00:00:00Z", "2026-03-04T00:00:00Z", False),
        ("2026-03-05T00:00:00Z", "2026-02-04T00:00:00Z", True),  # an old issue, fixed lately
        ("2026-02-05T00:00:00Z", "2026-02-04T00:00:00Z", True),
        ("2026-03-01T00:00:00Z", None, True),  # the very moment counts as known
        ("2026-03-01T00:00:01Z", None, False),
    ],
)
def test_merge_and_text_must_be_newer_than_training(merged: str, written: str | None, refused: bool) -> None:
    reason = fresh.refusal(task(merged_at=merged, prompt_written_at=written), "2026-03-01T00:00:00Z")
    assert reason == (fresh.STALE_FOR_OWN if refused else None)


@given(merged=TIMES, written=st.none() | TIMES, early=TIMES, late=TIMES)
def test_training_longer_never_frees_a_task(merged: str, written: str | None, early: str, late: str) -> None:
    one = task(merged_at=merged, prompt_written_at=written)
    early, late = sorted((early, late))
    if fresh.refusal(one, early):
        assert fresh.refusal(one, late)


def test_unknown_training_refuses_nothing() -> None:
    assert fresh.refusal(task(), None) is None


def test_frontier_attempts_are_marked_not_refused() -> None:
    assert fresh.marks(task(5), "2026-03-05") == (fresh.KNOWN_TO_FRONTIER,)
    assert fresh.marks(task(6), "2026-03-05") == ()
    assert fresh.marks(task(6), None) == ()


def test_a_pull_merged_before_the_adapter_existed_is_a_backtest() -> None:
    assert fresh.is_backtest(task(5), "2026-03-06T00:00:00Z")
    assert not fresh.is_backtest(task(5), "2026-03-04T00:00:00Z")
    assert not fresh.is_backtest(task(5), None)
