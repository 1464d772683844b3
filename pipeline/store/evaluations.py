"""The table of graded attempts: each row of evaluations.jsonl that was taken in, once.

The first grade of an attempt stays: else a run could be repeated until its result pleases. Only one
that ended in an ``error`` of ours gives way to a later one.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pipeline.evaluations import evaluation
from pipeline.store.base import Row
from pipeline.store.forgotten import ForgottenTables
from pipeline.types import Evaluation, to_json

_KEY = ("repo", "task", "role", "adapter", "model", "attempt")


def add_evaluations(store: ForgottenTables, repo: str, rows: Iterable[Evaluation], *, run: int | None) -> int:
    """Save graded attempts on ``repo``; how many are new. One transaction, or part of the one around it.

    ``rows`` were checked (``pipeline.evaluations``). ``run``: id of the workflow run they come from,
    None where there was none. Raises InputError for a repository that was purged.
    """
    store.refuse_forgotten(repo)
    forgotten, taken_at = store.forgotten(), _now()
    found = [replace(row, title=forgotten.text(row.title)) for row in rows]
    with store.atomic():
        before = store.db.conn.total_changes
        store.db.conn.executemany(_INSERT, [_values(repo, row, run, taken_at) for row in found])
        return store.db.conn.total_changes - before


def evaluations(store: ForgottenTables, repo: str, number: int | None = None) -> list[Evaluation]:
    """All graded attempts on ``repo``, in order of ``at``; those on one pull request where ``number`` is given."""
    query = (
        "SELECT task, row FROM evaluations WHERE repo = ?1 AND (?2 IS NULL OR number = ?2) ORDER BY at, number, rowid"
    )
    return [_evaluation(repo, row) for row in store.db.query(query, [repo, number])]


def evaluated_pulls(store: ForgottenTables, repo: str) -> list[int]:
    """Numbers of the pull requests of ``repo`` with a graded attempt, ascending."""
    rows = store.db.execute("SELECT DISTINCT number FROM evaluations WHERE repo = ? ORDER BY number", [repo])
    return [number for (number,) in rows.fetchall()]


def _values(repo: str, row: Evaluation, run: int | None, taken_at: str) -> tuple[Any, ...]:
    task = _without_name(row.task_id, row.repo)
    key = (repo, task, row.role, row.adapter or "", row.model, row.attempt)
    return (*key, row.number, row.at, row.exit, run, taken_at, json.dumps(to_json(row)))


def _evaluation(repo: str, row: Row) -> Evaluation:
    task = row["task"]
    return replace(
        evaluation(json.loads(row["row"])), repo=repo, task_id=f"{repo}{task}" if task.startswith("#") else task
    )


def _without_name(task_id: str, repo: str) -> str:
    """``owner/name#7`` as ``#7``: the same attempt is known again after the repository is renamed."""
    return task_id[len(repo) :] if task_id.startswith(f"{repo}#") else task_id


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_NAMES = (*_KEY, "number", "at", "exit", "run", "taken_at", "row")
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in _NAMES if name not in _KEY)
_INSERT = (
    f"INSERT INTO evaluations ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))}) "  # noqa: S608
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {_CHANGES} "
    "WHERE evaluations.exit = 'error' AND excluded.exit <> 'error'"
)
