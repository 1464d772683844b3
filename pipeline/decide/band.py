"""The confidence band: the means that no bet has refuted yet.

The lower edge is the root of E_n(L) = 1/alpha, so "the edge is above theta" *is* the verdict at
theta. The upper edge is the mirror image (the same on -x). Written with r = 1/(1 + theta) a factor
is ``1 - k + k (1 + x) r``: linear in r, which makes E_n a polynomial that rises with r.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.decide.bets import BETS, log_mean

FAR = 1e12
"""1/(1 + theta) for theta = -1 + 1e-12: edges beyond are reported as -1."""
CLOSE = 1e-7
_NEGLIGIBLE = 40.0
"""A bet this far below the best (in logs) does not change a double."""


def lower_edge(observations: Sequence[float], alpha: float) -> float:
    """Lower confidence bound of the mean, in [-1, 1]; -1 where nothing is refuted.

    ``observations`` in [-1, 1], any order; ``alpha`` in (0, 1): the one-sided error chance.
    """
    heights, goal = Counter([1 + x for x in observations]), -math.log(alpha)
    return theta_of(solve(heights, goal, _guess(heights, goal)))


def upper_edge(observations: Sequence[float], alpha: float) -> float:
    """Upper confidence bound of the mean, in [-1, 1]; 1 where nothing is refuted."""
    return -lower_edge([-x for x in observations], alpha)


def mix(values: Sequence[float], slopes: Sequence[float]) -> tuple[float, float]:
    top = max(values)
    weights = [math.exp(value - top) for value in values]
    total = sum(weights)
    return top + math.log(total / len(weights)), sum(map(operator.mul, weights, slopes)) / total


def solve(heights: Mapping[float, int], goal: float, start: float) -> float:
    """The r at which log E = ``goal``: Newton kept inside a bracket; ``FAR`` when there is none below it.

    ``heights``: 1 + x of the observations, and how often each occurred.
    """
    if not _refuted_far(heights, goal):
        return FAR
    low, high, at = 0.5, FAR, max(start, 0.5)
    bets: list[float] = []
    for _ in range(200):
        value, slope, bets = _direct(heights, at, bets or _worthwhile(heights, at))
        if value < goal:
            low = at
        else:
            high = at
        newton = at + (goal - value) / slope if slope > 0 else math.inf
        if abs(newton - at) <= CLOSE * at:  # Newton squares its error: the next move would be nothing
            return min(max(newton, 0.5), FAR)
        if high - low <= 1e-14 * high:
            break
        inside = low < newton < high
        if not inside or abs(newton - at) > 0.01 * at:
            bets = []  # elsewhere other bets matter
        at = newton if inside else math.sqrt(low * high)
    return high


def _guess(heights: Mapping[float, int], goal: float) -> float:
    """Where the root would be if logs were parabolas and the best bet were known: near enough for Newton."""
    counts = heights.values()
    total = sum([height * count for height, count in heights.items()])
    if total <= 0:
        return 1.0
    n = sum(counts)
    mean = total / n
    spread = sum([count * (height / mean - 1) ** 2 for height, count in heights.items()])
    return (n + math.sqrt(2 * (goal + 1) * spread)) / total


def _refuted_far(heights: Mapping[float, int], goal: float) -> bool:
    """Whether log E at ``FAR`` is at least ``goal``; mostly the least factor, or one bet alone, is enough to tell."""
    zeros, above = heights.get(0.0, 0), [height for height in heights if height > 0]
    if above:
        factors = zeros * math.log(1 - BETS[-1]) + (sum(heights.values()) - zeros) * math.log(
            BETS[-1] * FAR * min(above)
        )
        if factors - math.log(len(BETS)) >= goal:
            return True
    logs = []
    for k in reversed(BETS):
        logs.append(log_of(heights, k, FAR))
        if logs[-1] - math.log(len(BETS)) >= goal:
            return True
    return log_mean(logs) >= goal


def log_of(heights: Mapping[float, int], k: float, at: float) -> float:
    """Log of one bet's wealth at r = ``at``."""
    fixed, slope = 1 - k, k * at
    return sum([math.log(fixed + slope * height) * count for height, count in heights.items()])


def _worthwhile(heights: Mapping[float, int], at: float) -> list[float]:
    """The bets that may matter at r = ``at``, from three sums instead of eight times n logs.

    log(1 + u) <= u - u^2/2 + u^3/3 for every u > -1, so no bet's log exceeds ``bound``; those whose
    bound lies far below one bet's true log are negligible.
    """
    counts = heights.values()
    gains = [at * height - 1 for height in heights]
    squares = list(map(operator.mul, gains, gains))
    first = sum(map(operator.mul, gains, counts))
    second = sum(map(operator.mul, squares, counts))
    third = sum(map(operator.mul, map(operator.mul, squares, gains), counts))
    bound = {k: k * first - k * k * second / 2 + k**3 * third / 3 for k in BETS}
    known = log_of(heights, max(bound, key=bound.__getitem__), at)
    return [k for k in BETS if bound[k] > known - _NEGLIGIBLE]


def _direct(heights: Mapping[float, int], at: float, bets: Sequence[float]) -> tuple[float, float, list[float]]:
    """log E and its slope at r = ``at`` from all observations, and the bets that matter there."""
    counts, n = heights.values(), sum(heights.values())
    values, slopes = [], []
    for k in bets:
        fixed, rise = 1 - k, k * at
        factors = [fixed + rise * height for height in heights]
        values.append(sum(map(operator.mul, map(math.log, factors), counts)))
        slopes.append((n - (1 - k) * sum(map(operator.truediv, counts, factors))) / at)
    best = max(values)
    missing = math.log(len(bets) / len(BETS))
    value, slope = mix(values, slopes)
    return value + missing, slope, [k for k, v in zip(bets, values, strict=True) if v > best - _NEGLIGIBLE]


def theta_of(r: float) -> float:
    return -1.0 if r >= FAR else min(1.0, 1 / r - 1)
