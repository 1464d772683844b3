"""How many more pull requests until non-inferiority could be shown. A forecast, not a promise."""

from __future__ import annotations

import functools
import math

from pipeline.decide.bets import BETS, log_mean


def further_pulls(log_e: float, growth: float | None, alpha: float) -> int | None:
    """PRs still needed at the rate seen so far, rounded up; 0 once shown; None when it leads nowhere.

    ``growth``: the best bet's mean log growth per PR; None before the first PR.
    """
    missing = -math.log(alpha) - log_e
    if missing <= 0:
        return 0
    if growth is None or growth <= 0:
        return None
    return math.ceil(missing / growth)


@functools.lru_cache(maxsize=256)
def fewest_pulls(margin: float, alpha: float) -> int | None:
    """PRs that the verdict takes if own ties frontier on every one; None at margin 0 (ties prove nothing)."""
    if margin <= 0:
        return None
    gains = [math.log1p(k * margin / (1 - margin)) for k in BETS]
    enough, low = _doubled(gains, alpha), 0
    while enough - low > 1:
        middle = (low + enough) // 2
        low, enough = (low, middle) if _shown(gains, middle, alpha) else (middle, enough)
    return enough


def _shown(gains: list[float], n: int, alpha: float) -> bool:
    return log_mean([n * gain for gain in gains]) >= -math.log(alpha)


def _doubled(gains: list[float], alpha: float) -> int:
    n = 1
    while not _shown(gains, n, alpha):
        n *= 2
    return n
