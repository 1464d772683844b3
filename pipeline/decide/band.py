"""The confidence band: the means that no bet has refuted yet.

The lower edge is the root of E_n(L) = 1/alpha, so "the edge is above theta" *is* the verdict at
theta. The upper edge is the mirror image (the same on -x). Written with r = 1/(1 + theta) a factor
is ``1 - k + k (1 + x) r``: linear in r, which makes E_n a polynomial that rises with r.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

from pipeline.decide.bets import BETS, log_mean

_TERMS = 8
_TRUST = 0.1
"""Within 10% of the point of expansion, eight terms err by at most 0.1**9 / 9 per PR: 1e-9 in the edge."""
_FAR = 1e12
"""1/(1 + theta) for theta = -1 + 1e-12: edges beyond are reported as -1."""
_CLOSE = 1e-7
_NEGLIGIBLE = 60.0
"""A bet this far below the best (in logs) does not change a double."""


def lower_edge(observations: Sequence[float], alpha: float) -> float:
    """Lower confidence bound of the mean, in [-1, 1]; -1 where nothing is refuted.

    ``observations`` in [-1, 1], any order; ``alpha`` in (0, 1): the one-sided error chance.
    """
    return _theta(_solve([1 + x for x in observations], -math.log(alpha), 1.0))


def upper_edge(observations: Sequence[float], alpha: float) -> float:
    """Upper confidence bound of the mean, in [-1, 1]; 1 where nothing is refuted."""
    return -lower_edge([-x for x in observations], alpha)


class Edge:
    """The lower edge after every observation, O(64) each instead of O(n).

    Around a point r0 each bet's log is its Taylor series, whose coefficients are power sums over
    the observations: adding one adds to them, and the root moves little from PR to PR. When it
    leaves the trusted surrounding, the series is made anew.
    """

    def __init__(self, alpha: float) -> None:
        """``alpha`` in (0, 1): the one-sided error chance."""
        self._goal = -math.log(alpha)
        self._heights: list[float] = []
        self._at = math.inf
        self._series: list[list[float]] = []
        self._step = 0.0
        self._far = [0.0] * len(BETS)

    def add(self, x: float) -> float:
        """Take an observation in [-1, 1]; the edge, as ``lower_edge`` of all so far."""
        height = 1 + x
        self._heights.append(height)
        if math.isfinite(self._at):
            _extend(self._series, height, self._at)
            root = self._near_root()
            if root is not None:
                return _theta(root)
        else:
            self._far = [log + math.log(1 - k + k * height * _FAR) for log, k in zip(self._far, BETS, strict=True)]
            if log_mean(self._far) < self._goal:
                return -1.0
        root = _solve(self._heights, self._goal, min(self._at, 1.0))
        self._expand(root)
        return _theta(root)

    def _expand(self, at: float) -> None:
        self._step = 0.0
        self._at = at if at < _FAR else math.inf
        if math.isfinite(self._at):
            self._series = [[0.0] * (_TERMS + 1) for _ in BETS]
            for height in self._heights:
                _extend(self._series, height, at)
        else:
            self._far = [math.fsum(math.log(1 - k + k * height * _FAR) for height in self._heights) for k in BETS]

    def _near_root(self) -> float | None:
        """The root by Newton on the series; None when it is not within the trusted surrounding."""
        if not math.isfinite(self._at):
            return None
        step, reach = self._step, _TRUST * self._at
        for _ in range(30):
            value, slope = _evaluate(self._series, step)
            move = (self._goal - value) / slope if slope > 0 else math.inf
            step += move
            if not abs(step) <= reach:
                return None
            if abs(move) <= _CLOSE * self._at:  # Newton squares its error: the next move would be nothing
                self._step = step
                return self._at + step
        return None


def _extend(series: list[list[float]], height: float, at: float) -> None:
    """Add one observation's terms: log(f + b s) = log f + (w s) - (w s)^2 / 2 + ..., w = b / f."""
    for terms, k in zip(series, BETS, strict=True):
        factor = 1 - k + k * height * at
        w = k * height / factor
        terms[0] += math.log(factor)
        w2 = w * w
        w4 = w2 * w2
        terms[1] += w
        terms[2] -= w2 / 2
        terms[3] += w2 * w / 3
        terms[4] -= w4 / 4
        terms[5] += w4 * w / 5
        terms[6] -= w4 * w2 / 6
        terms[7] += w4 * w2 * w / 7
        terms[8] -= w4 * w4 / 8


def _evaluate(series: list[list[float]], step: float) -> tuple[float, float]:
    """log E and its slope in r at ``step`` from the point of expansion."""
    values, slopes = [], []
    for t0, t1, t2, t3, t4, t5, t6, t7, t8 in series:
        high = ((t8 * step + t7) * step + t6) * step + t5
        values.append((((high * step + t4) * step + t3) * step + t2) * step + t1)
        slopes.append(((8 * t8 * step + 7 * t7) * step + 6 * t6) * step + 5 * t5)
        slopes[-1] = (((slopes[-1] * step + 4 * t4) * step + 3 * t3) * step + 2 * t2) * step + t1
        values[-1] = values[-1] * step + t0
    return _mix(values, slopes)


def _mix(values: Sequence[float], slopes: Sequence[float]) -> tuple[float, float]:
    top = max(values)
    weights = [math.exp(value - top) for value in values]
    total = sum(weights)
    return top + math.log(total / len(weights)), sum(map(operator.mul, weights, slopes)) / total


def _solve(heights: Sequence[float], goal: float, start: float) -> float:
    """The r at which log E = ``goal``: Newton kept inside a bracket; ``_FAR`` when there is none below it."""
    if _direct(heights, _FAR, BETS)[0] < goal:
        return _FAR
    low, high, at = 0.5, _FAR, max(start, 0.5)
    bets = list(BETS)
    for _ in range(200):
        value, slope, bets = _direct(heights, at, bets)
        if value < goal:
            low = at
        else:
            high = at
        newton = at + (goal - value) / slope if slope > 0 else math.inf
        if abs(newton - at) <= 1e-13 * at:
            return min(newton, _FAR)
        at = newton if low < newton < high else math.sqrt(low * high)
        if high - low <= 1e-14 * high:
            break
        bets = bets if low < newton < high and abs(newton - at) < 0.01 * at else list(BETS)
    return high


def _direct(heights: Sequence[float], at: float, bets: Sequence[float]) -> tuple[float, float, list[float]]:
    """log E and its slope at r = ``at`` from all observations, and the bets that matter there."""
    values, slopes = [], []
    for k in bets:
        factors = [1 - k + k * at * height for height in heights]
        values.append(math.fsum(map(math.log, factors)))
        slopes.append((len(factors) - (1 - k) * math.fsum([1 / factor for factor in factors])) / at)
    best = max(values)
    missing = math.log(len(bets) / len(BETS))
    value, slope = _mix(values, slopes)
    return value + missing, slope, [k for k, v in zip(bets, values, strict=True) if v > best - _NEGLIGIBLE]


def _theta(r: float) -> float:
    return -1.0 if r >= _FAR else min(1.0, 1 / r - 1)
