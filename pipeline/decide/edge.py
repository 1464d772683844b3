"""The lower edge of the band after every pull request, for a trace: what ``band.lower_edge`` gives, sooner."""

from __future__ import annotations

import math
from collections import Counter

from pipeline.decide.band import CLOSE, FAR, log_of, mix, solve, theta_of
from pipeline.decide.bets import BETS, log_mean

_TERMS = 8
_TRUST = 0.1
"""Within 10% of the point of expansion, eight terms err by at most 0.1**9 / 9 per PR: 1e-9 in the edge."""


class Edge:
    """The lower edge after every observation, O(64) each instead of O(n).

    Around a point r0 each bet's log is its Taylor series, whose coefficients are power sums over
    the observations: adding one adds to them, and the root moves little from PR to PR. When it
    leaves the trusted surrounding, the series is made anew.
    """

    def __init__(self, alpha: float) -> None:
        """``alpha`` in (0, 1): the one-sided error chance."""
        self._goal = -math.log(alpha)
        self._heights: Counter[float] = Counter()
        self._at = math.inf
        self._series: list[list[float]] = []
        self._step = 0.0
        self._far = [0.0] * len(BETS)

    def add(self, x: float) -> float:
        """Take an observation in [-1, 1]; the edge, as ``lower_edge`` of all so far."""
        height = 1 + x
        self._heights[height] += 1
        if math.isfinite(self._at):
            _extend(self._series, height, self._at)
            root = self._near_root()
            if root is not None:
                return theta_of(root)
        else:
            self._far = [log + math.log(1 - k + k * height * FAR) for log, k in zip(self._far, BETS, strict=True)]
            if log_mean(self._far) < self._goal:
                return -1.0
        root = solve(self._heights, self._goal, min(self._at, 1.0))
        self._expand(root)
        return theta_of(root)

    def _expand(self, at: float) -> None:
        self._step = 0.0
        self._at = at if at < FAR else math.inf
        if math.isfinite(self._at):
            self._series = [[0.0] * (_TERMS + 1) for _ in BETS]
            for height, count in self._heights.items():
                _extend(self._series, height, at, count)
        else:
            self._far = [log_of(self._heights, k, FAR) for k in BETS]

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
            if abs(move) <= CLOSE * self._at:  # Newton squares its error: the next move would be nothing
                self._step = step
                return self._at + step
        return None


def _extend(series: list[list[float]], height: float, at: float, count: int = 1) -> None:
    """Add the terms of ``count`` equal observations: log(f + b s) = log f + (w s) - (w s)^2 / 2 + ..., w = b / f."""
    for terms, k in zip(series, BETS, strict=True):
        factor = 1 - k + k * height * at
        w = k * height / factor
        w2 = w * w
        w4 = w2 * w2
        terms[0] += math.log(factor) * count
        terms[1] += w * count
        terms[2] -= w2 / 2 * count
        terms[3] += w2 * w / 3 * count
        terms[4] -= w4 / 4 * count
        terms[5] += w4 * w / 5 * count
        terms[6] -= w4 * w2 / 6 * count
        terms[7] += w4 * w2 * w / 7 * count
        terms[8] -= w4 * w4 / 8 * count


def _evaluate(series: list[list[float]], step: float) -> tuple[float, float]:
    """log E and its slope in r at ``step`` from the point of expansion."""
    values, slopes = [], []
    for t0, t1, t2, t3, t4, t5, t6, t7, t8 in series:
        high = ((t8 * step + t7) * step + t6) * step + t5
        values.append((((high * step + t4) * step + t3) * step + t2) * step + t1)
        slopes.append(((8 * t8 * step + 7 * t7) * step + 6 * t6) * step + 5 * t5)
        slopes[-1] = (((slopes[-1] * step + 4 * t4) * step + 3 * t3) * step + 2 * t2) * step + t1
        values[-1] = values[-1] * step + t0
    return mix(values, slopes)
