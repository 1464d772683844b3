"""The list of the page: one short row for each rollout. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.view.rows import finite
from pipeline.view.sources import Source
from pipeline.view.tasks import Attempt, Task

COLUMNS = (
    "task", "key", "name", "where", "source", "which", "attempt", "role", "model", "scripted", "exit", "outcome",
    "verdict", "language", "unit", "change", "recall", "sera", "steps", "tokens_in", "tokens_out", "cached", "cost",
    "seconds", "cheats", "malformed",
)  # fmt: skip
"""``task`` is the number of its block; a rollout's block has the number of its row."""

MOST_CHARACTERS = 300
"""Of a name in the list."""


def index_of(tasks: Sequence[Task], sources: Sequence[Source], found: int) -> dict[str, Any]:
    """``found``: rollouts before any limit."""
    rows = [_row(number, one) for number, task in enumerate(tasks) for one in task.attempts]
    return {
        "columns": COLUMNS,
        "rows": rows,
        "sources": [source.name for source in sources],
        "repos": repos_of(tasks, sources),
        "found": found,
    }


def repos_of(tasks: Sequence[Task], sources: Sequence[Source]) -> list[str]:
    """The repositories that the rollouts are about, as far as samples and evaluations tell."""
    beside = (
        row for source in sources for rows in (source.notes.samples, source.notes.evaluations) for row in rows.values()
    )
    rows = (*beside, *(one.row for task in tasks for one in task.attempts))
    return sorted({row.repo for row in rows if row.repo})


def numbered(tasks: Sequence[Task]) -> Iterator[tuple[int, Task, list[tuple[int, Attempt]]]]:
    """The tasks with their numbers, and the attempts of each with theirs: as in the index."""
    at = 0
    for number, task in enumerate(tasks):
        yield number, task, list(enumerate(task.attempts, at))
        at += len(task.attempts)


def _row(task: int, one: Attempt) -> list[Any]:
    row = one.row
    return [
        task, one.key, _short(one.name), _short(one.where), one.found.source, one.which, row.attempt,
        row.role, _short(row.model or row.teacher), row.scripted, row.exit, _short(one.outcome),
        one.verdict, _short(one.language), _short(one.unit), _short(one.change_type), finite(one.recall, 4),
        finite(one.recall_sera, 4), row.steps, row.tokens_in, row.tokens_out, row.tokens_cached,
        finite(row.cost_usd, 6), finite(row.seconds, 1), [_short(mark) for mark in row.cheat_marks],
        row.malformed_calls,
    ]  # fmt: skip


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
