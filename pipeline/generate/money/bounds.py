"""What stages cost at most by their limits, for as long as none has been seen. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.generate import describe, self_check
from pipeline.generate.plan import TRIES
from pipeline.rollout.loop import RolloutLimits
from pipeline.rollout.wire import Usage

Cost = Callable[[Usage, float], float | None]
"""Dollars for tokens and seconds; None without a price."""


def bounds(limits: RolloutLimits, cost: Cost) -> dict[str, float]:
    """Dollars per kind of stage, in the order of the stages; 0 without a price."""
    usage = Usage(limits.context_tokens, limits.output_tokens, 0)
    turn, hours = cost(usage, 0.0) or 0.0, cost(Usage(), limits.seconds) or 0.0
    rollout = _rollout(limits, turn, cost) + hours
    if limits.usd is not None:
        rollout = min(rollout, limits.usd + turn)
    return {
        "rollout 1": rollout,
        "self_check": self_check.TRIES * turn + hours,
        "description": describe.TRIES * turn + hours,
        "rollout 2": rollout,
    }


def of_function(stages: Mapping[str, float]) -> float:
    """Dollars that one function costs at most, given ``bounds``: every try is made and redone."""
    return TRIES * (stages["rollout 1"] + stages["self_check"]) + stages["description"] + stages["rollout 2"]


def _rollout(limits: RolloutLimits, turn: float, cost: Cost) -> float:
    turns = limits.steps * turn
    if limits.tokens is None:
        return turns
    prompt, reply = cost(Usage(limits.tokens, 0, 0), 0.0) or 0.0, cost(Usage(0, limits.tokens, 0), 0.0) or 0.0
    return min(turns, max(prompt, reply) + turn)
