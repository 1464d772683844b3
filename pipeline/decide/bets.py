"""Testing by betting: eight fixed bets against "the mean is at most theta", averaged.

    E_n(theta) = (1/J) * sum_j prod_{i<=n} [ 1 + k_j * (x_i - theta) / (1 + theta) ]

Non-negative, and its expectation never exceeds 1 while E[x_i | past] <= theta, for every law on
[-1, 1]; so it reaches 1/alpha at any time with a chance of at most alpha (Ville 1939;
Waudby-Smith and Ramdas 2023). Everything is kept as logs: a thousand PRs overflow a product.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import mul

BET_COUNT = 8
LOWEST_BET, HIGHEST_BET = 0.15, 0.95
BETS: tuple[float, ...] = tuple(
    LOWEST_BET * (HIGHEST_BET / LOWEST_BET) ** (j / (BET_COUNT - 1)) for j in range(BET_COUNT)
)
"""k_1..k_8, log-spaced. Below 0.15 costs 5% at large effects; even spacing costs 20% at small ones."""

LOG_ZERO = -690.0
"""Log of a ruined bet (about 1e-300): finite, so that sums and JSON stay finite."""

BATCH = 256
"""Observations that wait at most: few enough to stay in the fast memory of one core."""

ROUNDING = 1e-9
"""More than rounding can add to a sum of logs."""


def log_mean(logs: Sequence[float]) -> float:
    """Log of the mean of ``exp(logs)``, without overflow. ``logs`` must not be empty."""
    top = max(logs)
    return top + math.log(sum([math.exp(value - top) for value in logs]) / len(logs))


class Process:
    """The e-process of H0 ``E[x] <= theta``, one observation at a time.

    Observations wait until the bets are asked for, or until they could have reached a threshold:
    a bet rises at most by ``k_max * gain`` per PR, so most PRs cost one addition, not eight logs.
    """

    def __init__(self, theta: float, bets: Sequence[float] = BETS) -> None:
        """``theta``: above -1, at most 1. ``bets``: shares of the stake, 0 to 1 (excluded)."""
        if not -1 < theta <= 1:
            raise ValueError(f"theta {theta} is not in (-1, 1]")
        self.theta = theta
        self.n = 0
        self._stakes = [k / (1 + theta) for k in bets]
        self._logs = [0.0] * len(bets)
        self._waiting: list[float] = []
        self._reach = 0.0
        """No bet's log exceeds this, the waiting observations included."""
        self._rise = max(self._stakes)
        self._leap = math.log1p(self._rise * (1 - theta))
        """Most that a bet's log rises with one observation."""

    def add(self, x: float) -> None:
        """Take one observation. Below -1 (a cost above its cap) a bet is ruined before it turns negative."""
        gain = x - self.theta
        self.n += 1
        self._waiting.append(gain)
        if gain > 0:
            self._reach += gain * self._rise
        if len(self._waiting) >= BATCH:
            self._settle()

    def extend(self, xs: Iterable[float]) -> None:
        """Take several observations."""
        gains = [x - self.theta for x in xs]
        self.n += len(gains)
        self._waiting += gains
        if len(self._waiting) >= BATCH:
            self._settle()
        else:
            self._reach += self._rise * sum([gain for gain in gains if gain > 0])

    @property
    def logs(self) -> list[float]:
        """Log of each bet's wealth."""
        if self._waiting:
            self._settle()
        return self._logs

    def _settle(self) -> None:
        ruinous = min(self._waiting) * self._rise <= -1
        growths = _growths_or_ruin if ruinous else _growths
        each = zip(self._logs, self._stakes, strict=True)
        self._logs = [sum(growths(self._waiting, k), log) for log, k in each]
        self._waiting = []
        self._reach = max(self._logs) + ROUNDING

    @property
    def log_e(self) -> float:
        """log E_n(theta); 0 before the first observation."""
        return log_mean(self.logs)

    def log_e_with(self, xs: Sequence[float]) -> float:
        """log E if ``xs`` had been observed too; they are not taken."""
        more = log_growth([x - self.theta for x in xs], self._stakes)
        return log_mean([log + grown for log, grown in zip(self.logs, more, strict=True)])

    def patience(self, log_threshold: float) -> int:
        """Observations without which no bet can be at ``log_threshold``; 0 or less where one may be."""
        if self._reach >= log_threshold - self._leap * BATCH:
            self._reach = max(self.logs) + ROUNDING
        return math.ceil((log_threshold - self._reach) / self._leap)

    def may_reach(self, log_threshold: float) -> bool:
        """False only where no bet, and so no mean of them, can be at ``log_threshold``; cheap."""
        return self._reach >= log_threshold and max(self.logs) >= log_threshold

    def reaches(self, log_threshold: float) -> bool:
        """Whether log E_n >= ``log_threshold``."""
        return self.may_reach(log_threshold) and self.log_e >= log_threshold

    @property
    def growth(self) -> float | None:
        """Mean log growth per observation of the best bet; None before the first one."""
        return max(self.logs) / self.n if self.n else None


def log_growth(gains: list[float], stakes: Sequence[float]) -> list[float]:
    """By how much each bet's log grows over ``gains``."""
    return [sum(_growths_or_ruin(gains, k)) if gains else 0.0 for k in stakes]


def _growths(gains: list[float], k: float) -> Iterable[float]:
    return map(math.log1p, map(mul, repeat(k), gains))  # a third less than a loop takes, which is most of a verdict


def _growths_or_ruin(gains: list[float], k: float) -> Iterable[float]:
    if k * max(gains) <= -1:  # own's costs dwarf this cap on every PR
        return [LOG_ZERO] * len(gains)
    return [math.log1p(k * gain) if k * gain > -1 else LOG_ZERO for gain in gains]


def log_e(observations: Iterable[float], theta: float) -> float:
    """log E_n(theta) of all ``observations`` (each in [-1, 1], any order)."""
    process = Process(theta)
    process.extend(observations)
    return process.log_e
