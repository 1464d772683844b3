"""Many repositories at once: e-BH (Wang and Ramdas 2022)."""

from __future__ import annotations

import math
from collections.abc import Sequence


def select(log_es: Sequence[float], false_discovery_rate: float) -> list[int]:
    """Positions that may be claimed together, in rising order.

    Claims the largest r hypotheses whose r-th largest e-value is at least ``K / (rate * r)``; the
    expected share of false claims is then at most ``false_discovery_rate`` under any dependence.
    ``log_es`` are *current* e-values: maxima over time carry no such promise.
    """
    order = sorted(range(len(log_es)), key=lambda i: -log_es[i])
    claimed = 0
    for r, i in enumerate(order, 1):
        if log_es[i] >= math.log(len(log_es) / (false_discovery_rate * r)):
            claimed = r
    return sorted(order[:claimed])
