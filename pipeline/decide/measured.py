"""What a stream has shown of itself: spread, ties, attempts, costs. Shown and planned with, never decided on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.decide.pairs import Pair
from pipeline.decide.power import SPREADS, Spread
from pipeline.types import Measure

ENOUGH = 20
"""PRs from which on a measured spread is taken in place of the design study's."""


@dataclass(frozen=True)
class Measured:
    """Of the pairs that count."""

    n: int
    mean: float | None
    """Mean difference, own minus frontier; None without a pair, as all below."""
    sd: float | None
    ties: float | None
    """Share of PRs with equal scores, 0..1."""
    own_attempts: int
    """Attempts per PR, rounded; 1 without a pair."""
    frontier_attempts: int
    own_usd: float | None
    """Mean cost of an attempt; None where any is unknown."""
    frontier_usd: float | None

    def spread(self, measure: Measure) -> Spread:
        """What to plan with: the measured spread from 20 PRs on, brought back to one attempt of each role."""
        usual = SPREADS[measure]
        if self.sd is None or self.n < ENOUGH:
            return usual
        made = usual.variance(self.own_attempts, self.frontier_attempts) / usual.variance(1, 1)
        return Spread(self.sd / math.sqrt(made), usual.own_share)


def measured(pairs: Iterable[Pair]) -> Measured:
    """From ``pairs`` of one measure; void ones are passed over."""
    sides = [(pair.own, pair.frontier_side) for pair in pairs if pair.own and pair.frontier_side]
    n = len(sides)
    if not n:
        return Measured(0, None, None, None, 1, 1, None, None)
    ds = [own.score - frontier.score for own, frontier in sides]
    mean = math.fsum(ds) / n
    sd = math.sqrt(math.fsum((d - mean) ** 2 for d in ds) / (n - 1)) if n > 1 else None
    return Measured(
        n=n,
        mean=mean,
        sd=sd,
        ties=sum(d == 0 for d in ds) / n,
        own_attempts=max(1, round(sum(own.attempts for own, _ in sides) / n)),
        frontier_attempts=max(1, round(sum(frontier.attempts for _, frontier in sides) / n)),
        own_usd=_mean([own.usd for own, _ in sides]),
        frontier_usd=_mean([frontier.usd for _, frontier in sides]),
    )


def _mean(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(costs) else None
