"""Does own's recall come from changing too much? The guard of soft scores: line F1, under the same betting rule.

Recall does not see what a patch changes beyond the human one: a hundred lines too many still score 1.0. Own is
trained on data that recall has selected, frontier is not, so own is the one that such a score could flatter.
A flag on recall therefore needs a second proof: that own is not more than ``margin`` behind in line F1 (of
recall and precision). Both must hold, each at its whole alpha (an intersection-union test), so the guard can
only withhold a flag: the promise about recall stays, and the same promise about F1 joins it. For the life of
a repository the guard has a wealth of its own: versions that are good in recall, which cost no wealth there,
may each be bad in F1.

F1 rather than precision, as it is there for every attempt: an empty patch has no precision, and to leave out
those PRs would judge own on what it chose to answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pipeline.decide.bets import BATCH, Process
from pipeline.decide.wealth import level, next_wealth

ROOM = 0.05
"""By how much the guard's margin is wider than that of recall: where own writes as closely as frontier does, F1
follows recall, and the guard has been passed by the time that recall is shown (docs/decide.md has the delay)."""

_WIDEST = 0.99


def guard_margin(margin: float) -> float:
    """How far own may be behind in line F1, 0..1, where it may be ``margin`` behind in recall."""
    return max(margin, min(margin + ROOM, _WIDEST))


class Guard:
    """The e-process of H0 "own's line F1 is more than the margin below frontier's"."""

    def __init__(self, margin: float, error_chance: float, wealth: float) -> None:
        """``margin``: of recall, 0 to below 1. ``wealth``: what earlier epochs have left of the guard's, 0..1."""
        self.wealth = wealth
        self.alpha = level(error_chance, wealth)
        self.goal = -math.log(self.alpha)
        """log E at which own is shown to be within the margin."""
        self.margin = guard_margin(margin)
        self._process = Process(-self.margin)
        self._sum = 0.0
        self.is_on = False
        """True once any F1 above 0 was recorded: evaluations made elsewhere may not have it."""

    def extend(self, f1s: Sequence[tuple[float | None, float | None]]) -> None:
        """Take PRs: mean F1 of the attempts of own and of frontier, 0..1; None where it was not recorded.

        What frontier has and own has not counts as 0 for own; without frontier's there is no bet.
        """
        self.is_on = self.is_on or any(own or frontier for own, frontier in f1s)
        differences = [(own or 0.0) - frontier for own, frontier in f1s if frontier is not None]
        self._sum = sum(differences, self._sum)
        self._process.extend(differences)

    def patience(self, _: float) -> int:
        """PRs without which the guard cannot be passed; many while it is off."""
        return self._process.patience(self.goal) if self.is_on else BATCH

    @property
    def n(self) -> int:
        """PRs that were bet on."""
        return self._process.n

    @property
    def mean(self) -> float | None:
        """Mean difference in F1, own minus frontier; None without a PR."""
        return self._sum / self.n if self.n else None

    @property
    def log_e(self) -> float:
        """log E at minus the margin."""
        return self._process.log_e

    def reaches(self, _: float) -> bool:
        """Whether own is shown to be within the margin, at the guard's own level; never while the guard is off."""
        return self.is_on and self._process.reaches(self.goal)

    def stands(self, frontier: Iterable[float | None]) -> bool:
        """Whether it would be if own had failed on PRs where frontier's F1 is as given."""
        return self._process.log_e_with([-f1 for f1 in frontier if f1 is not None]) >= self.goal

    def next_wealth(self) -> float:
        """What this epoch leaves of the guard's wealth."""
        return next_wealth(self.wealth, self.log_e)
