"""What a node is told before its first rollout. The teacher's key is not in it: what Ray carries can be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.errors import InputError
from pipeline.rollout.agent import Harness
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.sandbox import Limits, Sandbox

_MADE_THERE = ("endpoint", "sandbox")
"""Fields of a harness that hold connections and locks."""


@dataclass(frozen=True)
class Assignment:
    """A harness in plain values, and the commit that rollouts start from."""

    base_sha: str
    endpoint: Mapping[str, Any]
    needs_key: bool
    """The driver's endpoint has a key; each node takes its own from its environment."""
    is_scripted: bool
    """The scripted model listens on loopback only: each node serves its own."""
    limits: Limits
    toolchains: tuple[Path, ...]
    harness: Mapping[str, Any]


def assignment_of(harness: Harness, base_sha: str, is_scripted: bool) -> Assignment:
    """The assignment that makes ``harness`` elsewhere."""
    return Assignment(
        base_sha,
        harness.endpoint.settings(),
        harness.endpoint.has_key,
        is_scripted,
        harness.sandbox.limits,
        harness.sandbox.toolchains,
        {f.name: getattr(harness, f.name) for f in fields(Harness) if f.name not in _MADE_THERE},
    )


def harness_of(assignment: Assignment, scripted_url: str | None) -> Harness:
    """The harness on this node. Raises InputError where the key or a toolchain is missing."""
    where = {"url": scripted_url} if scripted_url else {}
    endpoint = Endpoint(**{**assignment.endpoint, **where}, key=_key(assignment))
    return Harness(endpoint, Sandbox(assignment.limits, assignment.toolchains), **assignment.harness)


def _key(assignment: Assignment) -> str | None:
    if assignment.is_scripted:
        return None
    key = config.secrets().teacher_key
    if assignment.needs_key and key is None:
        raise InputError("SWITCHOVER_TEACHER_KEY is not set here; set it, then run 'ray start' here again")
    return key
