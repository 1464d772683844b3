"""Who attempts what, in which order: decided before anything is run (pure)."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.types import Role, Task

ROLES: tuple[Role, ...] = ("own", "base", "frontier")
"""The three that are compared, in the order of every table."""


@dataclass(frozen=True)
class Contender:
    """A model in one role."""

    role: Role
    model: str
    attempts: int
    """Per task, 1 or more, fixed before the task is run."""
    adapter: str | None = None
    """Content hash of own's adapter; None for base and frontier."""
    scripted: bool = False
    """True for the scripted stand-in."""
    agent: str = ""
    """Name of the external agent command; "" for our own harness."""


@dataclass(frozen=True)
class Attempt:
    """One rollout to make."""

    id: str
    task: Task
    contender: Contender
    number: int
    """0-based among the contender's attempts on this task."""
    seed: int


def plan(tasks: Sequence[Task], contenders: Sequence[Contender], conditions: str, seed: int = 0) -> list[Attempt]:
    """Every attempt, task by task, the contenders of a task in random order.

    Tasks stay together so that a stopped run leaves whole comparisons behind. Within a task
    the order is drawn anew (seeded), so that no role always runs on the warmer machine.
    ``conditions`` is a hash of the harness settings; it is part of each attempt's id.
    """
    attempts = []
    for task in tasks:
        rows = [_attempt(task, c, number, conditions, seed) for c in contenders for number in range(c.attempts)]
        random.Random(f"{seed}:{task.id}").shuffle(rows)  # noqa: S311
        attempts += rows
    return attempts


def _attempt(task: Task, contender: Contender, number: int, conditions: str, seed: int) -> Attempt:
    parts = (task.id, task.base_sha, contender.role, contender.model, contender.adapter, number, conditions, seed)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return Attempt(digest[:16], task, contender, number, int(digest[16:23], 16))


def by_task(attempts: Sequence[Attempt]) -> Mapping[str, list[Attempt]]:
    """The attempts of each task id, in order."""
    grouped: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        grouped.setdefault(attempt.task.id, []).append(attempt)
    return grouped
