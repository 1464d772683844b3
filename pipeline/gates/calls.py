"""Gate ``valid_calls``: in live rollouts on held-out tasks, the share of turns that are a valid tool call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.gates.record import GateResult
from pipeline.types import Rollout

NAME = "valid_calls"

SLACK = 0.05
"""Share by which own may fall below its base or the last adapter."""

ERRORS = 2.0
"""Standard errors of the difference that count as chance."""


@dataclass(frozen=True)
class Calls:
    """Turns of one model."""

    valid: int
    turns: int

    @classmethod
    def of(cls, rollouts: Sequence[Rollout]) -> Calls:
        """Summed over rollouts; those that failed by our side say nothing of the model."""
        told = [rollout for rollout in rollouts if rollout.exit != "error"]
        valid = sum(rollout.tool_calls for rollout in told)
        return cls(valid, valid + sum(rollout.malformed_calls for rollout in told))

    @property
    def share(self) -> float | None:
        """0..1; None without a turn."""
        return self.valid / self.turns if self.turns else None

    def __str__(self) -> str:
        return f"{self.valid} of {self.turns}"


@dataclass(frozen=True)
class ValidCalls:
    """See Gate."""

    own: Calls
    base: Calls | None
    last: Calls | None
    """As its own gates counted them; None: there was none."""
    least: float
    """Share that own must reach whatever the others do, 0..1."""
    rollouts: int
    """Of own."""

    def judge(self) -> GateResult:
        """Without a turn of own it is not passed."""
        bar = f"{self.least:.0%} or more; below base and the last adapter by at most {SLACK:.0%} or chance"
        others = {name: calls for name, calls in (("base", self.base), ("last", self.last)) if calls}
        measured: dict[str, float | int | None] = {"rollouts": self.rollouts}
        for name, calls in {"own": self.own, **others}.items():
            measured |= {f"{name}_valid": calls.valid, f"{name}_turns": calls.turns, name: calls.share}
        said = ", ".join(f"{name} {calls}" for name, calls in {"own": self.own, **others}.items())
        why = f"valid tool calls: {said}"
        if self.own.share is None:
            return GateResult(NAME, False, measured, bar, f"{why}: own made no turn")
        if self.own.share < self.least:
            return GateResult(NAME, False, measured, bar, f"{why}: own is below {self.least:.0%}")
        for name, calls in others.items():
            if calls.share is not None and self._is_below(calls):
                return GateResult(NAME, False, measured, bar, f"{why}: own is below {name}")
        return GateResult(NAME, True, measured, bar, why)

    def _is_below(self, other: Calls) -> bool:
        assert self.own.share is not None and other.share is not None
        both = (self.own.valid + other.valid) / (self.own.turns + other.turns)
        error = math.sqrt(both * (1 - both) * (1 / self.own.turns + 1 / other.turns))
        return other.share - self.own.share > max(SLACK, ERRORS * error)
