"""Repositories' lives, as evaluations: one for each state that a verdict may end in."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.types import Evaluation
from tests.decide.rows import duels, row, time_of

SWITCH = time_of(60)
"""When a person switches, in the lives that know of one: with the last of the good pull requests."""

_GOOD = duels([0.2] * 60)

LIVES: Mapping[str, list[Evaluation]] = {
    "training": [row(number, role, 0.5) for number in range(1, 6) for role in ("frontier", "base")],
    "collecting": duels([0.0] * 5),
    "close": duels([0.0] * 30),
    "behind": duels([-0.5] * 60),
    "ready": _GOOD,
    "switched": _GOOD,
    "drifted: new_frontier": _GOOD + duels([0.0] * 5, 61, frontier_model="larger"),
    "drifted: band_empty": _GOOD + duels([-0.9] * 40, 61),
    "drifted: switch_back": _GOOD + duels([-0.9] * 20, 61),
}

SWITCHED = frozenset({"switched", "drifted: switch_back"})
"""Those whose team runs on own from SWITCH on."""


def state_of(name: str) -> str:
    return name.split(":")[0]


def code_of(name: str) -> str | None:
    """The deciding reason, where the name of a life tells one."""
    return name.split(": ")[1] if ": " in name else None
