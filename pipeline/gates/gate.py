"""What every gate is."""

from __future__ import annotations

from typing import Protocol

from pipeline.gates.record import GateResult


class Gate(Protocol):
    """Something measured, and a bar that it has to reach."""

    def judge(self) -> GateResult:
        """Whether it does. Pure: the measuring is done before."""
