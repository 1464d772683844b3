"""Worlds that the rule is tried in: laws of d = score of own - score of frontier, each with an exact mean.

How likely own and frontier are to solve a PR is U-shaped (Beta, concentration 1) and tied by a Gaussian
copula of 0.8: hard PRs are hard for both. A soft score is 0, 1 or in between with that chance as its mean,
a hard one is 0 or 1. A law is a pool of draws; a stream draws from it with replacement, so that its mean
and the oracle's bet are known exactly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MARGIN = 0.05
POOL = 1 << 17
"""Draws in a pool."""


def soft(gap: float, attempts: int = 1) -> Floats:
    """Soft scores, ``attempts`` of own and one of frontier; own is ``gap`` ahead."""
    rng = np.random.default_rng(11)
    own, frontier = chances(rng, gap)
    mine = np.mean([graded(rng, own) for _ in range(attempts)], axis=0)
    return centred(mine - graded(rng, frontier), gap)


def hard(gap: float) -> Floats:
    """Tests pass or not, one attempt each."""
    rng = np.random.default_rng(12)
    own, frontier = chances(rng, gap)
    return ternary_of((rng.random(POOL) < own).astype(float) - (rng.random(POOL) < frontier), gap)


def ternary(up: float, down: float) -> Floats:
    """+1 with chance ``up``, -1 with chance ``down``, else a tie."""
    pool = np.zeros(POOL)
    ups, downs = round(up * POOL), round(down * POOL)
    pool[:ups], pool[POOL - downs :] = 1.0, -1.0
    return ternary_of(pool, up - down)


def rare_wins() -> Floats:
    """+1 on two PRs of a hundred, a little behind on all others; the mean is at the boundary."""
    pool = np.full(POOL, -(MARGIN + 0.02) / 0.98)
    pool[: round(0.02 * POOL)] = 1.0
    return centred(pool, -MARGIN)


def nulls() -> dict[str, Floats]:
    """The six worlds in which own is exactly the margin behind."""
    return {
        "soft": soft(-MARGIN),
        "hard": hard(-MARGIN),
        "soft, 4 attempts of own": soft(-MARGIN, 4),
        "ties and rare -1": ternary(0.0, MARGIN),
        "rare +1": rare_wins(),
        "hard, high agreement": ternary(0.075, 0.125),
    }


def chances(rng: np.random.Generator, gap: float) -> tuple[Floats, Floats]:
    """Each PR's chance of success for own (mean 0.5 + gap) and for frontier (mean 0.5)."""
    first = rng.standard_normal(POOL)
    second = 0.8 * first + 0.6 * rng.standard_normal(POOL)
    return quantiles(0.5 + gap, first), quantiles(0.5, second)


def quantiles(mean: float, normals: Floats) -> Floats:
    """Beta(mean, 1 - mean) by rank of a normal: integrated in t with p = sin(t)^2, where it has no poles."""
    t = (np.arange(20_000) + 0.5) * (math.pi / 2 / 20_000)
    density = 2 * np.sin(t) ** (2 * mean - 1) * np.cos(t) ** (1 - 2 * mean)
    shares = np.cumsum(density) / density.sum()
    ranks = np.vectorize(math.erf)(normals / math.sqrt(2)) / 2 + 0.5
    return np.asarray(np.sin(np.interp(ranks, shares, t)) ** 2)


def graded(rng: np.random.Generator, p: Floats) -> Floats:
    """Soft scores with mean p: 0 with chance 0.6 (1 - p), 1 with chance 0.5 p, else in between."""
    u = rng.random(p.size)
    mean = np.clip(0.5 * p / (0.4 + 0.1 * p), 0.001, 0.999)
    between = rng.beta(3 * mean, 3 * (1 - mean))
    return np.where(u < 0.6 * (1 - p), 0.0, np.where(u > 1 - 0.5 * p, 1.0, between))


def centred(pool: Floats, mean: float) -> Floats:
    """The pool with its mean at ``mean``, by moving the draws that are neither ties nor at an end."""
    for _ in range(50):
        free = (np.abs(pool) < 0.95) & (pool != 0)
        pool = np.where(free, pool + (mean - pool.mean()) * pool.size / free.sum(), pool)
    return pool


def ternary_of(pool: Floats, mean: float) -> Floats:
    """Hard differences whose mean is at or below ``mean``, by less than one draw: ties turned into losses or wins."""
    missing = math.floor(round(mean * pool.size - pool.sum(), 6))
    ties = np.flatnonzero(pool == 0)[: abs(missing)]
    pool[ties] = math.copysign(1.0, missing)
    return pool
