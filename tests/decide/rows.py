"""Evaluations for tests: only the contract's fields, everything else by default."""

from collections.abc import Iterable
from typing import Any

from pipeline.types import Evaluation


def time_of(position: int) -> str:
    """A time in UTC; positions sort as times do."""
    return f"2026-{1 + position // 672:02d}-{1 + position // 24 % 28:02d}T{position % 24:02d}:00:00Z"


def row(number: int, role: str, score: float, **changes: Any) -> Evaluation:
    values: dict[str, Any] = {
        "at": time_of(number),
        "repo": "o/n",
        "number": number,
        "task_id": f"o/n#{number}",
        "role": role,
        "model": {"own": "small+a", "base": "small", "frontier": "large"}[role],
        "adapter": "a1" if role == "own" else None,
        "attempt": 0,
        "score": score,
        "measure": "recall",
        "exit": "submitted",
        "tokens_in": 1000,
        "tokens_out": 100,
        "tokens_cached": 0,
        "seconds": 30.0,
        "cost_usd": {"own": 0.2, "base": 0.2, "frontier": 2.0}[role],
        "cheat_marks": (),
    }
    return Evaluation(**(values | changes))


def duel(number: int, own: float, frontier: float, **changes: Any) -> list[Evaluation]:
    """One PR: one attempt of own and one of frontier. ``own_``/``frontier_`` prefixes change one side."""
    shared = {key: value for key, value in changes.items() if not key.startswith(("own_", "frontier_"))}
    mine = {key[4:]: value for key, value in changes.items() if key.startswith("own_")}
    theirs = {key[9:]: value for key, value in changes.items() if key.startswith("frontier_")}
    return [row(number, "own", own, **(shared | mine)), row(number, "frontier", frontier, **(shared | theirs))]


def duels(differences: Iterable[float], start: int = 1, **changes: Any) -> list[Evaluation]:
    """PRs with the given differences, each in [-1, 1]."""
    rows = []
    for number, d in enumerate(differences, start):
        rows += duel(number, max(0.0, d), max(0.0, -d), **changes)
    return rows
