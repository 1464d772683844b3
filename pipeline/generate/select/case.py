"""What a filter sees, and what it says. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.generate.select.facts import Facts
from pipeline.generate.select.recipe import Recipe
from pipeline.types import Rollout

Reason = tuple[str, str]
"""A reason code, and a line for a person."""


@dataclass(frozen=True)
class Case:
    """One rollout, with what was found out about it."""

    rollout: Rollout
    """Without messages."""
    facts: Facts
    abstained: bool = False
    verdict: str | None = None
    """The self-check's of a rollout 1: yes, no, unclear; None where it was not made."""
    compared: Mapping[str, Any] | None = None
    """A rollout 2 beside its rollout 1: own (a Recall, None where the two cannot be compared), detail;
    None while that is still to be done."""


Filter = Callable[[Case, Recipe], Reason | None]
"""Why a rollout is no sample; None when this filter has nothing against it."""
