"""Many streams at once: the rule, its peers and the oracle, each looked at after every PR."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.decide_worlds import MARGIN, Floats
from pipeline.decide.audit import ALARM
from pipeline.decide.bets import BETS
from pipeline.decide.wealth import STAKE

Counts = NDArray[np.int64]
NEVER = 1 << 40
"""Stands for a PR that never came: larger than any, so that medians and shares come out right."""


class Draws:
    """The PRs of many streams, one PR of each at a time; the same seed gives the same PRs to each peer."""

    def __init__(self, pool: Floats, streams: int, pulls: int, seed: int = 1) -> None:
        """``pool``: the law; ``pulls``: PRs per stream."""
        self.pool, self.streams, self.pulls = pool, streams, pulls
        self._seed = seed

    def __iter__(self) -> Iterator[NDArray[np.integer]]:
        rng = np.random.default_rng(self._seed)
        for _ in range(self.pulls):
            yield rng.integers(0, self.pool.size, self.streams, dtype=np.uint32)

    def stream(self, position: int) -> list[float]:
        """One stream's differences, for a check with the real thing."""
        return [float(self.pool[draw[position]]) for draw in self]


def growth(pool: Floats, theta: float, bets: tuple[float, ...] = BETS) -> Floats:
    """What each draw of the pool multiplies each bet by; shape (draws, bets)."""
    return 1 + np.outer((pool - theta) / (1 + theta), np.array(bets))


def shown(draws: Draws, alpha: float, bets: tuple[float, ...] = BETS, margin: float = MARGIN) -> Counts:
    """PRs until E(-margin) first reaches 1/alpha, per stream; NEVER where it does not."""
    table = growth(draws.pool, -margin, bets)
    wealth, found = np.ones((draws.streams, len(bets))), np.full(draws.streams, NEVER)
    open_ = np.arange(draws.streams)
    for n, draw in enumerate(draws, 1):
        wealth *= table[draw[open_]]
        over = wealth.mean(axis=1) >= 1 / alpha
        if over.any():
            found[open_[over]] = n
            open_, wealth = open_[~over], wealth[~over]
            if not open_.size:
                break
    return found


def lives(draws: Draws, versions: int, error_chance: float) -> float:
    """Share of streams with any false flag, when a new version comes after every ``pulls / versions`` PRs."""
    table, each = growth(draws.pool, -MARGIN), draws.pulls // versions
    bets, wealth = np.ones((draws.streams, len(BETS))), np.ones(draws.streams)
    flagged = np.zeros(draws.streams, dtype=bool)
    for n, draw in enumerate(draws, 1):
        bets *= table[draw]
        e = bets.mean(axis=1)
        flagged |= e * error_chance * STAKE * wealth >= 1
        if n % each == 0:
            wealth *= 1 - STAKE + STAKE * np.minimum(1, e)
            bets[:] = 1
    return float(flagged.mean())


def alarms(draws: Draws) -> Counts:
    """Audited PRs until the e-CUSUM calls for switching back, per stream."""
    table = growth(-draws.pool, MARGIN)
    bets, found = np.ones((draws.streams, len(BETS))), np.full(draws.streams, NEVER)
    for n, draw in enumerate(draws, 1):
        bets = np.maximum(bets, 1) * table[draw]
        found[(found == NEVER) & (bets.mean(axis=1) >= ALARM)] = n
    return found


def peers(draws: Draws) -> tuple[float, float]:
    """Shares of streams called by a one-sided paired t test at 5% and by a posterior above 95%, from PR 10 on.

    The posterior: normal scores, a normal-inverse-gamma prior worth one PR at d = 0 with sd 0.5.
    """
    total, squares = np.zeros(draws.streams), np.zeros(draws.streams)
    by_test, by_posterior = np.zeros(draws.streams, dtype=bool), np.zeros(draws.streams, dtype=bool)
    for n, draw in enumerate(draws, 1):
        d = draws.pool[draw]
        total += d
        squares += d * d
        if n < 10:
            continue
        mean, spread = total / n, np.maximum(squares - total * total / n, 1e-12)
        by_test |= mean + MARGIN > student(n - 1) * np.sqrt(spread / (n - 1) / n)
        scale = 0.125 + spread / 2 + n * mean * mean / (2 * (n + 1))
        by_posterior |= total / (n + 1) + MARGIN > student(n + 2) * np.sqrt(scale / (1 + n / 2) / (n + 1))
    return float(by_test.mean()), float(by_posterior.mean())


def student(freedom: int) -> float:
    """The 95% quantile of Student's t (Cornish and Fisher's expansion; good to 1e-3 from 9 degrees on)."""
    z = NormalDist().inv_cdf(0.95)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def oracle_bet(pool: Floats) -> float:
    """The log-optimal constant bet for the true law, which nobody knows in practice."""
    gains = (pool + MARGIN) / (1 - MARGIN)
    low, high = 0.0, 0.999
    for _ in range(40):  # the mean log is concave: halve on the sign of its slope
        k = (low + high) / 2
        low, high = (k, high) if float(np.mean(gains / (1 + k * gains))) > 0 else (low, k)
    return low


def log_e_at(draws: Draws, position: int) -> float:
    """log E(-margin) of one stream after all its PRs, as ``shown`` computes it."""
    table = growth(draws.pool, -MARGIN)
    wealth = np.ones(len(BETS))
    for draw in draws:
        wealth *= table[draw[position]]
    return math.log(float(wealth.mean()))
