"""Soft against hard scores (pure)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluate.agreement import Pair, agreement, of_evaluations
from pipeline.types import Evaluation

PAIRS = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), st.booleans()), max_size=20)


@given(PAIRS)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[Pair]) -> None:
    good, others = [r for r, ok in pairs if ok], [r for r, ok in pairs if not ok]
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in itertools.product(good, others)]
    found = agreement(pairs)
    assert found.auc == (pytest.approx(sum(wins) / len(wins)) if wins else None)
    assert (found.n, found.resolved) == (len(pairs), len(good))


@given(PAIRS)
def test_a_threshold_counts_what_it_accepts(pairs: list[Pair]) -> None:
    for row in agreement(pairs).thresholds:
        accepted = [ok for recall, ok in pairs if recall >= row.recall]
        assert (row.accepted, row.resolved) == (len(accepted), sum(accepted))
        assert row.agreement == sum((recall >= row.recall) == ok for recall, ok in pairs) / len(pairs)


def test_the_table_of_a_known_case() -> None:
    found = agreement([(0.6, True), (0.3, True), (0.3, False), (0.0, False)])
    (half,) = [row for row in found.thresholds if row.recall == 0.5]
    assert (half.accepted, half.resolved, half.share_of_resolved, half.agreement) == (1, 1, 0.5, 0.75)
    assert (found.auc, found.mean_resolved, found.mean_others) == (0.875, pytest.approx(0.45), 0.15)


def test_nothing_is_said_of_nothing() -> None:
    found = agreement([])
    assert (found.n, found.auc, found.mean_resolved, found.thresholds) == (0, None, None, ())


def row(resolved: bool | None, recall: float | None, patch: str) -> Evaluation:
    return Evaluation("t", "o/n", 1, "o/n#1", "own", "m", None, 0, 0.0, "tests", "submitted", 0, 0, 0, 0.0, None,
                      resolved=resolved, recall=recall, patch=patch)  # fmt: skip


def test_only_patches_with_both_scores_are_compared() -> None:
    rows = [row(True, 0.9, "p"), row(False, 0.1, "p"), row(None, 0.5, "p"), row(True, None, "p"), row(False, 0.0, "")]
    assert (of_evaluations(rows).n, of_evaluations(rows).auc) == (2, 1.0)
