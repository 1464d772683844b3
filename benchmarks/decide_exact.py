"""The law of the delay on hard scores, without chance: d is -1, 0 or 1, so wins, losses and PRs say all.

Where the simulation's median has an error of a few PRs, this one has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.decide_worlds import MARGIN, Floats
from pipeline.decide.bets import BETS

_LONGEST = 1 << 14


def median(pool: Floats, alpha: float, bets: Sequence[float] = BETS) -> int:
    """PRs by which half of all streams of this law have shown non-inferiority at ``alpha``."""
    win, loss = float(np.mean(pool == 1)), float(np.mean(pool == -1))
    enough, size = _enough(400, math.log(1 / alpha), np.array(bets)), 400
    chances, done, n = np.zeros((size, size)), 0.0, 0
    chances[0, 0] = 1.0
    while done < 0.5:
        n += 1
        top = min(size, n + 1, 50 + n // 3)  # beyond that a count is less likely than rounding
        part = chances[:top, :top]
        moved = part * (1 - win - loss)
        moved[1:] += part[:-1] * win
        moved[:, 1:] += part[:, :-1] * loss
        over = enough[:top, :top] <= n
        done += float(moved[over].sum())
        moved[over] = 0.0
        chances[:top, :top] = moved
    return n


def _enough(size: int, goal: float, bets: Floats) -> Floats:
    """PRs with which so many wins (rows) and losses (columns) show it: ties count for own, so more are enough too."""
    win, loss, tie = (np.log1p(bets * (d + MARGIN) / (1 - MARGIN)) for d in (1, -1, 0))
    counts = np.arange(size)
    fixed = counts[:, None, None] * win + counts[None, :, None] * loss
    low, high = np.zeros((size, size)), np.full((size, size), float(_LONGEST))
    for _ in range(15):
        middle = np.floor((low + high) / 2)
        logs = fixed + (middle - counts[:, None] - counts[None, :])[..., None] * tie
        top = logs.max(axis=2)
        reached = top + np.log(np.exp(logs - top[..., None]).mean(axis=2)) >= goal
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return high
