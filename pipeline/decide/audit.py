"""After the switch: a mixture e-CUSUM that calls for switching back.

    M_j <- max(M_j, 1) * (1 + k_j * (-d - margin) / (1 + margin)),   alarm when their average >= 500

While own truly stays within the margin the mean time to a false alarm is at least 500 audited
PRs, for every law (Shin, Ramdas, Rinaldo 2024). It restarts itself, so it forgets good times.
"""

from __future__ import annotations

import math

from pipeline.decide.bets import BETS, log_mean

ALARM = 500.0
"""Average of the bets at which the switch-back is called; also the least mean run length in audited PRs."""


class Audit:
    """The e-CUSUM of H0 ``E[d] >= -margin``."""

    def __init__(self, margin: float) -> None:
        """``margin``: 0 to below 1."""
        self._margin = margin
        self._logs = [0.0] * len(BETS)
        self.n = 0
        self.alarmed_at: int | None = None
        """Count of audited PRs at the first alarm; None without one."""

    def add(self, difference: float) -> None:
        """Take one audited PR: own minus frontier, in [-1, 1]."""
        loss = (-difference - self._margin) / (1 + self._margin)
        self._logs = [max(log, 0.0) + math.log1p(k * loss) for log, k in zip(self._logs, BETS, strict=True)]
        self.n += 1
        if self.alarmed_at is None and self.log_mean >= math.log(ALARM):
            self.alarmed_at = self.n

    @property
    def log_mean(self) -> float:
        """Log of the average of the bets."""
        return log_mean(self._logs)
