"""How long an answer will take, before the first pull request. A forecast, not a promise.

    median PRs = 2 ln(1/alpha) sd(d)^2 / (effect + margin)^2 + 8,    nine of ten streams: 2.5 times that

(design study, sections 0 and 6; the 8 is what eight bets cost instead of the right one, fitted here.
Within a tenth of simulated medians from 5 to 20 points above the boundary: tests/decide/test_power.py.)
More attempts per PR shrink only the part of the variance that comes from chance inside one PR; more
PRs shrink all of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pipeline.decide.bets import BETS, log_mean
from pipeline.types import Measure

MIXTURE = 8
"""PRs that spreading the stake over eight bets costs."""

NINETY = 2.5
"""PRs by which nine of ten streams are through, over the median."""


@dataclass(frozen=True)
class Spread:
    """Where the variance of d comes from, at one attempt of each role."""

    sd: float
    """Standard deviation of d, 0..1."""
    own_share: float
    """Share of the variance that is chance inside own's attempts, 0..1; frontier's is as large."""

    def variance(self, own: int, frontier: int) -> float:
        """Of d, when own makes ``own`` attempts per PR and frontier ``frontier``; each 1 or more."""
        saved = self.own_share * (2 - 1 / own - 1 / frontier)
        return self.sd**2 * (1 - saved)


SPREADS: dict[Measure, Spread] = {"recall": Spread(0.47, 0.37), "tests": Spread(0.55, 0.41)}
"""Of the design study's worlds (section 1.2): what to reckon with until 20 PRs have been measured."""


@dataclass(frozen=True)
class Plan:
    """What is asked: everything that sets the number of PRs."""

    effect: float
    """True difference, own minus frontier, in score points, -1..1."""
    margin: float
    """0 to below 1."""
    alpha: float
    """Error chance of the epoch, 0..1; of a stream's first version half of the configured one."""
    spread: Spread
    own_attempts: int = 1
    frontier_attempts: int = 1
    own_usd: float | None = None
    """US dollars per attempt; None: not known."""
    frontier_usd: float | None = None
    value_usd: float | None = None
    """What a solved PR is worth; None: no net gain is asked for."""

    def usd_per_pull(self) -> float | None:
        """What all attempts on one PR cost; None when a cost is not known."""
        if self.own_usd is None or self.frontier_usd is None:
            return None
        return self.own_attempts * self.own_usd + self.frontier_attempts * self.frontier_usd


@dataclass(frozen=True)
class Answer:
    """PRs until the answer. None: never, own is not above the boundary."""

    median: int | None
    ninety: int | None
    usd: float | None
    """Of the median; None also where costs are not known."""


def answer(plan: Plan) -> Answer:
    """PRs until non-inferiority is shown, and until the net gain is, where a value is given: the later of the two."""
    needed = [_pulls(plan.effect + plan.margin, plan.spread.variance(plan.own_attempts, plan.frontier_attempts), plan)]
    saving = _saving(plan)
    if plan.value_usd is not None and saving is not None:
        worth = plan.value_usd
        variance = worth**2 * plan.spread.variance(plan.own_attempts, plan.frontier_attempts)
        needed.append(_pulls(worth * plan.effect + saving, variance, plan, least=1))
    if None in needed:
        return Answer(None, None, None)
    median = max(n for n in needed if n is not None)
    usd = plan.usd_per_pull()
    return Answer(median, math.ceil(NINETY * median), None if usd is None else median * usd)


def _saving(plan: Plan) -> float | None:
    if plan.own_usd is None or plan.frontier_usd is None:
        return None
    return plan.frontier_usd - plan.own_usd


def _pulls(gap: float, variance: float, plan: Plan, least: int | None = None) -> int | None:
    if gap <= 0:
        return None
    rule = 2 * math.log(1 / plan.alpha) * variance / gap**2
    return max(math.ceil(rule) + MIXTURE, _least(plan) if least is None else least)


def _least(plan: Plan) -> int:
    """PRs if every one had exactly the mean difference: no law with that mean is faster in the long run."""
    gain = (plan.effect + plan.margin) / (1 - plan.margin)
    goal = math.log(1 / plan.alpha)
    low, high = 0, 1
    while log_mean([high * math.log1p(k * gain) for k in BETS]) < goal:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        reached = log_mean([middle * math.log1p(k * gain) for k in BETS]) >= goal
        low, high = (low, middle) if reached else (middle, high)
    return high


def alternatives(plan: Plan) -> list[tuple[str, Plan]]:
    """What may be changed to be done sooner, by name: more attempts, a wider margin."""
    own, frontier = plan.own_attempts, plan.frontier_attempts
    options = {
        f"own {2 * own} attempts per PR": replace(plan, own_attempts=2 * own),
        f"own {4 * own} attempts per PR": replace(plan, own_attempts=4 * own),
        f"both {2 * own} and {2 * frontier} attempts": replace(
            plan, own_attempts=2 * own, frontier_attempts=2 * frontier
        ),
    }
    for margin in (0.10, 0.15):
        if margin > plan.margin:
            options[f"margin {100 * margin:.0f} points"] = replace(plan, margin=margin)
    return list(options.items())
