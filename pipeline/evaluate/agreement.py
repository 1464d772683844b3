"""How well soft scores predict hard ones on a repository, where both exist (pure).

Line recall is a fair aggregate and a poor grade of one patch; how poor differs from repository to
repository. So the two are always shown beside each other, with what a threshold on recall would do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.types import Evaluation

THRESHOLDS = (0.1, 0.25, 0.5, 0.75, 1.0)

Pair = tuple[float, bool]
"""(recall 0..1, resolved) of one patch."""


@dataclass(frozen=True)
class Threshold:
    """What taking every patch of at least this recall for a solution would do."""

    recall: float
    """0..1."""
    accepted: int
    """Patches of at least that recall."""
    resolved: int
    """Of them, those that the tests accept."""
    share_of_resolved: float | None
    """``resolved`` of all that the tests accept, 0..1; None when there are none."""
    agreement: float
    """Share of all patches on which threshold and tests say the same, 0..1."""


@dataclass(frozen=True)
class Agreement:
    """Soft against hard scores of the same patches."""

    n: int
    """Patches with both."""
    resolved: int
    """Of them, those that the tests accept."""
    auc: float | None
    """Chance that a resolved patch has more recall than another, ties half: 0.5 is a coin, 1 a perfect
    order. None unless there are patches of both kinds."""
    mean_resolved: float | None
    """Mean recall of the resolved, 0..1; None without any."""
    mean_others: float | None
    thresholds: tuple[Threshold, ...]
    """Rising."""


def agreement(pairs: Iterable[Pair], thresholds: Sequence[float] = THRESHOLDS) -> Agreement:
    """How recall and tests agree on ``pairs``; with none of them all numbers are 0 and None, without thresholds."""
    rows = list(pairs)
    good = sorted(recall for recall, resolved in rows if resolved)
    others = sorted(recall for recall, resolved in rows if not resolved)
    marks = tuple(_threshold(mark, rows, len(good)) for mark in thresholds) if rows else ()
    return Agreement(len(rows), len(good), _auc(good, others), _mean(good), _mean(others), marks)


def of_evaluations(rows: Iterable[Evaluation]) -> Agreement:
    """Of all attempts that left a patch and have both scores; several attempts on one PR count each."""
    both = (row for row in rows if row.resolved is not None and row.recall is not None and row.patch)
    return agreement((row.recall or 0.0, bool(row.resolved)) for row in both)


def _threshold(mark: float, rows: Sequence[Pair], good: int) -> Threshold:
    accepted = [resolved for recall, resolved in rows if recall >= mark]
    right = sum(accepted)
    rejected_well = len(rows) - len(accepted) - (good - right)
    return Threshold(mark, len(accepted), right, right / good if good else None, (right + rejected_well) / len(rows))


def _auc(good: Sequence[float], others: Sequence[float]) -> float | None:
    """Mann-Whitney's U over all pairs; both lists sorted."""
    if not good or not others:
        return None
    above = sum(bisect_left(others, value) + bisect_right(others, value) for value in good)
    return above / (2 * len(good) * len(others))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
