"""Is own really cheaper? The paired saving, frontier cost minus own cost, under the same betting rule.

A bet needs a bound on what own can lose: the cap, a per-attempt cost that the runner enforces.
Frontier's cost is cut at the cap (which can only hide savings), own's never. Without a declared
cap the stake is spread over the caps of a ladder; a cap that own's costs overrun loses its bets,
so what remains is the part of the ladder above own's dearest pull request. Nothing here looks at
costs before it bets on them, and the order of the PRs does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.decide.bets import BATCH, HIGHEST_BET, ROUNDING, Process, log_mean

CAP_LADDER_USD: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Caps that share the stake when none is declared, US dollars per attempt."""


_LEAP = math.log1p(HIGHEST_BET)
"""Most that a bet's log rises with one PR: no cap makes a saving larger than itself."""


class Saving:
    """The e-process of H0 "own is not cheaper", E[frontier cost - own cost] <= 0."""

    def __init__(self, cap_usd: float | None = None) -> None:
        """``cap_usd``: most that one attempt can cost, above 0; None: the ladder."""
        self._caps = CAP_LADDER_USD if cap_usd is None else (cap_usd,)
        self._settled = [Process(0.0) for _ in self._caps]
        self._waiting: list[tuple[float, float]] = []
        self._reach = 0.0
        """No bet's log exceeds this, the waiting PRs included."""
        self.unknown = 0
        """PRs without a known cost on both sides: no bet was made on them."""
        self.known = 0

    def add(self, own_usd: float | None, frontier_usd: float | None) -> None:
        """Take one PR: mean cost of an attempt of each role, US dollars; None when it is not known."""
        self.extend([(own_usd, frontier_usd)])

    def extend(self, costs: Sequence[tuple[float | None, float | None]]) -> None:
        """Take several PRs, own's cost before frontier's."""
        known = [(own, frontier) for own, frontier in costs if own is not None and frontier is not None]
        self.known += len(known)
        self.unknown += len(costs) - len(known)
        self._waiting += known
        # No cap makes more of a saving than one at frontier's own cost.
        self._reach += HIGHEST_BET * sum([1 - own / frontier for own, frontier in known if frontier > own])
        if len(self._waiting) >= BATCH:
            self._processes()

    def patience(self, log_threshold: float) -> int:
        """PRs without which no bet can be at ``log_threshold``; 0 or less where one may be."""
        return math.ceil((log_threshold - self._reach) / _LEAP)

    def _processes(self) -> list[Process]:
        """One per cap, all PRs taken."""
        for cap, process in zip(self._caps, self._settled, strict=True):
            process.extend([((frontier if frontier < cap else cap) - own) / cap for own, frontier in self._waiting])
        self._waiting = []
        return self._settled

    @property
    def log_e(self) -> float | None:
        """log E at 0; None when not one PR has known costs but some have unknown ones."""
        if self.unknown and not self.known:
            return None
        return log_mean([process.log_e for process in self._processes()])

    def reaches(self, log_threshold: float) -> bool:
        """Whether log E >= ``log_threshold``."""
        if self._reach < log_threshold:
            return False
        self._reach = max(max(process.logs) for process in self._processes()) + ROUNDING
        value = self.log_e
        return value is not None and value >= log_threshold
