"""The error chance of a whole life as a wealth: each epoch stakes half of what is left.

What an epoch's non-inferiority process lost is lost, what it won is not carried over; so the chance of
any false flag in the life of a repository stays at most alpha, for any mix of good and bad versions.
"""

from __future__ import annotations

import math

STAKE = 0.5
"""Share of the remaining wealth that an epoch may lose."""

_LEAST_WEALTH = 1e-300


def level(error_chance: float, wealth: float) -> float:
    """alpha of an epoch that starts with ``wealth``."""
    return error_chance * STAKE * wealth


def next_wealth(wealth: float, log_e_end: float) -> float:
    """Wealth after an epoch whose non-inferiority e-value ended at ``exp(log_e_end)``."""
    return max(_LEAST_WEALTH, wealth * (1 - STAKE + STAKE * math.exp(min(0.0, log_e_end))))
