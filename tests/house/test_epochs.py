"""Epochs: what is held out, when retraining is due, and that nobody is asked twice for it."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.epochs import Epoch, fresh, planned, record
from pipeline.epochs import due as due_by
from pipeline.errors import InputError
from pipeline.triggers import REFERENCE, Standing, Trigger, drift, fired
from pipeline.types import Evaluation, Task
from tests.evaluate.tasks import task
from tests.graded import graded

NOW = "2026-05-01T00:00:00Z"


def due(epochs: list[Epoch], tasks: list[Task], *, held_out: int, retrain_after: int) -> Epoch:
    """By pull requests alone."""

    def trigger(since: int) -> Trigger | None:
        return fired(Standing(True, since, ""), after_pulls=retrain_after, every_days=None, asked=False, now=NOW)

    return due_by(epochs, tasks, trigger, held_out=held_out, now=NOW)


def merged(count: int, left_out: frozenset[int] = frozenset()) -> list[Task]:
    """Tasks 1..count, newest first; each starts where the one before was merged."""
    return [
        task(n, base_sha=f"{n - 1:040d}", merge_sha=f"{n:040d}", left_out="docs_only" if n in left_out else None)
        for n in range(count, 0, -1)
    ]


def test_the_first_epoch_holds_out_the_newest() -> None:
    tasks = merged(10)
    epoch = due([], tasks, held_out=3, retrain_after=5)
    assert (epoch.number, epoch.base_sha, epoch.backtest) == (1, f"{7:040d}", True)
    assert [t.number for t in fresh(epoch, tasks)] == [10, 9, 8]


def test_left_out_tasks_do_not_count_but_stay_visible() -> None:
    tasks = merged(10, frozenset({9, 10}))
    epoch = due([], tasks, held_out=3, retrain_after=5)
    assert [t.number for t in fresh(epoch, tasks)] == [10, 9, 8, 7, 6]


def test_fewer_tasks_than_asked_for_are_all_held_out() -> None:
    epoch = due([], merged(2), held_out=50, retrain_after=5)
    assert epoch.fresh_after == ""
    assert len(fresh(epoch, merged(2))) == 2


def test_the_same_epoch_goes_on_until_retraining_is_due() -> None:
    first = due([], merged(10), held_out=3, retrain_after=5)
    assert due([first], merged(14), held_out=3, retrain_after=5) == first
    assert len(fresh(first, merged(14))) == 7
    second = due([first], merged(15), held_out=3, retrain_after=5)
    assert (second.number, second.base_sha, second.backtest) == (2, f"{15:040d}", False)
    assert fresh(second, merged(15)) == []
    assert [t.number for t in fresh(second, merged(17))] == [17, 16]


@given(counts=st.lists(st.integers(1, 28), min_size=1, max_size=6), held_out=st.integers(1, 9), after=st.integers(1, 9))
def test_no_epoch_is_asked_what_was_merged_before_its_commit(counts: list[int], held_out: int, after: int) -> None:
    epochs: list[Epoch] = []
    for count in sorted(counts):
        tasks = merged(count)
        epoch = due(epochs, tasks, held_out=held_out, retrain_after=after)
        if epoch not in epochs:
            epochs.append(epoch)
        assert all(t.number > int(epoch.base_sha) for t in fresh(epoch, tasks))


def test_no_usable_task_is_an_error() -> None:
    with pytest.raises(InputError):
        due([], [], held_out=3, retrain_after=5)


def test_a_planned_epoch_is_not_planned_again(tmp_path: Path) -> None:
    epoch = due([], merged(10), held_out=3, retrain_after=5)
    record(tmp_path, epoch)
    record(tmp_path, epoch)
    assert planned(tmp_path) == [epoch]
    (tmp_path / "epochs/001/epoch.json").write_text("{")
    with pytest.raises(InputError, match=r"001/epoch\.json"):
        planned(tmp_path)


def test_a_record_of_before_has_no_trigger(tmp_path: Path) -> None:
    (tmp_path / "epochs/001").mkdir(parents=True)
    old = '{"number": 1, "base_sha": "a", "fresh_after": "", "newest_pull_at": "", "backtest": true}'
    (tmp_path / "epochs/001/epoch.json").write_text(old)
    assert planned(tmp_path)[0].trigger == "" == planned(tmp_path)[0].planned_at


def test_an_epoch_says_what_made_it_due() -> None:
    first = due([], merged(10), held_out=3, retrain_after=5)
    assert (first.trigger, first.planned_at) == ("first", NOW) and first.why
    second = due([first], merged(15), held_out=3, retrain_after=5)
    assert second.trigger == "pulls" and second.why.startswith("5 pull requests")


@pytest.mark.parametrize(
    ("standing", "asked", "every_days", "name"),
    [
        (Standing(True, 0, "2026-04-30T00:00:00Z"), False, None, None),
        (Standing(True, 9, ""), False, None, None),
        (Standing(True, 10, ""), True, None, "pulls"),
        (Standing(False, 10, ""), False, None, "pulls"),
        (Standing(True, 0, ""), True, None, "dispatch"),
        (Standing(False, 0, ""), True, None, None),
        (Standing(True, 1, "", "own is worse"), False, None, "drift"),
        (Standing(True, 0, "", "own is worse"), False, None, None),
        (Standing(False, 1, "", "own is worse"), False, None, None),
        (Standing(True, 1, "2026-04-01T00:00:00Z"), False, 30, "schedule"),
        (Standing(True, 1, "2026-04-01T00:00:01Z"), False, 30, None),
        (Standing(True, 0, "2026-04-01T00:00:00Z"), False, 30, None),
        (Standing(True, 1, ""), False, 30, None),
    ],
)
def test_triggers(standing: Standing, asked: bool, every_days: int | None, name: str | None) -> None:
    found = fired(standing, after_pulls=10, every_days=every_days, asked=asked, now=NOW)
    assert (found and found.name) == name and (found is None or found.why)


def lived(scores: list[float], valid: list[int] | None = None, turns: int = 10) -> list[Evaluation]:
    """An adapter's pull requests in order: score, and valid calls of ten turns."""
    calls = valid or [turns] * len(scores)
    return [
        graded(n, adapter="x", at=f"2026-01-01T{n // 60:02d}:{n % 60:02d}:00Z", score=score,
               tool_calls=calls[n], malformed_calls=turns - calls[n])
        for n, score in enumerate(scores)
    ]  # fmt: skip


def test_a_fall_of_scores_or_of_valid_calls_is_drift() -> None:
    draw = random.Random(0)
    good = [draw.choice((0.4, 0.6)) for _ in range(60)]
    assert drift(lived(good), "x") is None
    worse = drift(lived(good + [0.0] * 40), "x")
    assert worse and worse.startswith("own's score was 0.5")
    calls = drift(lived([0.5] * 100, [10] * 50 + [2] * 50), "x")
    assert calls and calls.startswith("own's share of valid tool calls was 1.00")
    assert drift(lived(good + [0.0] * 40), "another adapter") is None


def test_without_a_level_or_with_a_fall_within_the_margin_there_is_no_drift() -> None:
    assert drift([], "x") is None
    assert drift(lived([1.0] * (REFERENCE - 1)), "x") is None
    assert drift(lived([1.0] * REFERENCE), "x") is None
    assert drift(lived([0.55] * 40 + [0.5] * 300), "x") is None
    assert drift(lived([0.0] * 40 + [0.0] * 300), "x") is None


def test_what_stays_as_it_was_seldom_looks_like_drift() -> None:
    alarms = 0
    for seed in range(100):
        draw = random.Random(seed)
        alarms += drift(lived([float(draw.random() < 0.4) for _ in range(220)]), "x") is not None
    assert alarms <= 10, "200 later pull requests at a mean time to a false alarm of 500 or more"


def test_only_the_commonest_measure_counts() -> None:
    hard = [graded(n, adapter="x", at=f"2026-02-01T00:{n:02d}:00Z", score=0.0, measure="tests") for n in range(20)]
    assert drift(lived([0.9] * 60) + hard, "x") is None
