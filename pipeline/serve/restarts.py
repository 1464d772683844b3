"""How often a dead engine is started again, and when to stop trying. Pure."""

from __future__ import annotations

from dataclasses import dataclass

QUICK_SECONDS = 600.0
"""An engine that lived shorter died quickly: of its settings or of the machine, not of bad luck."""

QUICK_DEATHS = 5
"""Quick deaths in a row after which it is given up."""

LONGEST_WAIT = 60.0
"""Seconds between two starts at most."""


@dataclass(frozen=True)
class Restarts:
    """The deaths so far; a long life makes the earlier ones forgotten."""

    quick: int = 0
    """Quick deaths in a row, the last one included."""

    def died(self, lived: float) -> Restarts:
        """After one more death; ``lived``: seconds in which the engine answered, 0 when it never did."""
        return Restarts(self.quick + 1 if lived < QUICK_SECONDS else 1)

    @property
    def is_hopeless(self) -> bool:
        return self.quick >= QUICK_DEATHS

    @property
    def wait(self) -> float:
        """Seconds until the next start: 1, 2, 4, 8, ... up to LONGEST_WAIT."""
        return float(min(LONGEST_WAIT, 2.0 ** max(0, self.quick - 1)))
