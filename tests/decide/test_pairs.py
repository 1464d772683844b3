"""One observation per PR: attempts, failures, repeats, versions and measures."""

import dataclasses
import random

import pytest

from pipeline.decide.pairs import Pair, pairs
from pipeline.decide.stream import fold
from pipeline.types import Evaluation
from tests.decide.rows import duel, duels, row


def observed(rows: list[Evaluation]) -> list[Pair]:
    return list(pairs(fold(rows)))


def test_attempts_are_averaged_inside_a_role_first() -> None:
    rows = [row(1, "own", s, attempt=i) for i, s in enumerate([1.0, 0.0, 0.5])] + [row(1, "frontier", 0.25)]
    (pair,) = observed(rows)
    assert pair.difference == 0.25
    assert pair.own is not None and pair.own.attempts == 3
    assert pair.own.usd == pytest.approx(0.2) and pair.own.total_usd == pytest.approx(0.6)


@pytest.mark.parametrize("exit_", ["no_patch", "step_limit", "context_limit", "cost_limit", "time_limit", "malformed"])
def test_a_failed_attempt_scores_zero_and_keeps_its_cost(exit_: str) -> None:
    (failed,) = observed(duel(1, 0.9, 0.4, own_exit=exit_, own_cost_usd=3.0))
    (zero,) = observed(duel(1, 0.0, 0.4, own_cost_usd=3.0))
    assert failed == zero and failed.difference == -0.4
    assert failed.own is not None and failed.own.usd == 3.0


@pytest.mark.parametrize("side", ["own", "frontier"])
def test_a_failure_of_the_harness_voids_the_pair(side: str) -> None:
    (pair,) = observed(duel(1, 0.9, 0.4, **{f"{side}_exit": "error"}))
    assert pair.void and pair.difference == 0.0 and pair.own is None and pair.frontier_side is None


def test_one_broken_attempt_of_two_voids_the_pair_too() -> None:
    (pair,) = observed([*duel(1, 1.0, 0.0), row(1, "own", 0.0, attempt=1, exit="error")])
    assert pair.void


def test_a_broken_base_does_not_void_the_pair() -> None:
    (pair,) = observed([*duel(1, 1.0, 0.0), row(1, "base", 0.0, exit="error")])
    assert not pair.void and pair.base is None


def test_what_was_sealed_counts_and_the_same_versions_after_the_merge_change_nothing() -> None:
    """Its own delivery, scored first; a newer own beside it counts, too, under its own version."""
    marks = {"sealed_at": "2026-01-01T00:00:00Z", "marks": ("sealed",), "task_id": "o/n#1/sealed/50"}
    later = "2026-06-01T00:00:00Z"
    sealed = duel(1, 1.0, 0.25, **marks)
    again = duel(1, 0.0, 1.0, at=later)
    newer = row(1, "own", 0.5, adapter="a2", at=later)
    (pair,) = observed([*again, *sealed])
    assert (pair.at, pair.difference) == (sealed[0].at, 0.75)
    first, second = observed([*again, newer, *sealed])
    assert first == pair and (second.own_version, second.difference) == ("a2", -0.5)


def test_a_retry_mends_a_void_pair() -> None:
    rows = [
        *duel(1, 0.0, 0.5, own_exit="error"),
        row(1, "own", 0.6, attempt=1),
        row(1, "own", 0.8, attempt=0, at="2026-06-01T00:00:00Z"),
    ]
    first, second = observed(rows)
    assert first.void and not second.void and second.mends
    assert second.difference == pytest.approx(0.7 - 0.5)


def test_of_two_deliveries_the_first_counts() -> None:
    once = duel(1, 0.2, 0.8)
    again = duel(1, 1.0, 0.0, at="2026-05-05T00:00:00Z")
    assert observed(once + again) == observed(again + once) == observed(once)


def test_a_later_extra_attempt_does_not_improve_the_first_delivery() -> None:
    once = duel(1, 0.2, 0.8)
    assert observed([*once, row(1, "own", 1.0, attempt=1, at="2026-05-05T00:00:00Z")]) == observed(once)


def test_the_same_rows_twice_change_nothing() -> None:
    rows = duels([0.5, -0.5, 0.0])
    assert observed(rows + rows) == observed(rows)


def test_rows_may_come_in_any_order() -> None:
    rows = duels([0.5, -0.5, 0.0, 1.0])
    assert observed(random.Random(1).sample(rows, len(rows))) == observed(rows)


def test_without_one_of_the_two_there_is_no_pair() -> None:
    assert observed([row(1, "own", 1.0), row(2, "frontier", 1.0), row(3, "base", 1.0)]) == []


def test_a_new_adapter_uses_the_cached_frontier_run() -> None:
    rows = [*duel(1, 0.2, 0.8), row(1, "own", 0.9, adapter="a2", at="2026-05-05T00:00:00Z")]
    first, second = observed(rows)
    assert (first.adapter, second.adapter) == ("a1", "a2")
    assert second.difference == pytest.approx(0.1) and second.at == "2026-05-05T00:00:00Z"


def test_a_frontier_run_of_the_same_delivery_goes_before_a_cached_one() -> None:
    later = duel(1, 0.9, 0.3, own_adapter="a2", at="2026-05-05T00:00:00Z")
    assert observed([*duel(1, 0.2, 0.8), *later])[1].difference == pytest.approx(0.6)


def test_a_new_frontier_model_uses_the_cached_own_run() -> None:
    rows = [*duel(1, 0.2, 0.8), row(1, "frontier", 0.1, model="larger", at="2026-05-05T00:00:00Z")]
    assert [pair.frontier for pair in observed(rows)] == ["large", "larger"]
    assert observed(rows)[1].difference == pytest.approx(0.1)


def test_own_without_an_adapter_is_known_by_its_model() -> None:
    rows = [*duel(1, 1.0, 0.0, own_adapter=None), *duel(2, 1.0, 0.0, own_adapter=None, own_model="other")]
    assert [(pair.adapter, pair.own_version) for pair in observed(rows)] == [(None, "small+a"), (None, "other")]


def test_hard_and_soft_scores_never_meet() -> None:
    assert observed(duel(1, 1.0, 0.0, own_measure="tests")) == []


@pytest.mark.parametrize(("hard", "expected"), [(7, "tests"), (6, "recall"), (0, "recall"), (10, "tests")])
def test_hard_is_primary_from_seventy_percent_on(hard: int, expected: str) -> None:
    rows = [r for n in range(10) for r in duel(n, 1.0, 0.0, measure="tests" if n < hard else "recall")]
    assert fold(rows).primary() == expected


def test_costs_are_unknown_when_one_attempt_has_none() -> None:
    (pair,) = observed([*duel(1, 1.0, 0.0), row(1, "own", 1.0, attempt=1, cost_usd=None)])
    assert pair.own is not None and pair.own.usd is None and pair.own.total_usd is None


def test_two_repositories_may_share_a_number() -> None:
    assert len(observed([*duel(1, 1.0, 0.0), *duel(1, 0.0, 1.0, repo="o/m")])) == 2


def test_a_pair_is_marked_as_backtest() -> None:
    rows = [dataclasses.replace(r, backtest=True) for r in duel(1, 1.0, 0.0)]
    assert observed(rows)[0].backtest
