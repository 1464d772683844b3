"""What the database knows of a repository, a pull request or an issue, as far as commands tell it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pipeline.store import Store
from pipeline.types import Repository


@dataclass(frozen=True)
class Standing:
    """How far a repository is collected."""

    pulls: int
    """Merged pull requests that are collected."""
    issues: int
    left_out: dict[str, int]
    """Reason code to how many, the most frequent first."""
    newest: str | None
    """When the newest collected one was merged; None without one."""
    backfill: str
    seen: int
    total: int | None
    dirty: bool
    """Something newer is known than what was made of it."""
    paused: bool
    config_error: str | None
    error: str | None


@dataclass(frozen=True)
class Linked:
    """An issue that a pull request is about."""

    number: int
    closes: bool
    source: str


@dataclass(frozen=True)
class Known:
    """What became of a pull request."""

    merged_at: str | None
    """None: not known as merged."""
    derived: bool
    """It is among the collected ones."""
    files: int
    reason: str | None
    """Why it was left out; None when it was not, or not yet looked at."""
    detail: str | None
    links: tuple[Linked, ...]


def standing(store: Store, repository: Repository) -> Standing:
    """Of the whole repository."""
    pulls, newest = _row(store, "SELECT count(*), max(merged_at) FROM pulls WHERE repo = ?", repository.name)
    (issues,) = _row(store, "SELECT count(*) FROM issues WHERE repo = ?", repository.name)
    query = (
        "SELECT reason, count(*) AS n FROM left_out WHERE repo = ? AND thing = 'pull' GROUP BY reason"
        " ORDER BY n DESC, reason"
    )
    left_out = {row["reason"]: row["n"] for row in store.db.query(query, [repository.name])}
    return Standing(
        pulls,
        issues,
        left_out,
        newest,
        repository.backfill,
        repository.seen,
        repository.total,
        bool(repository.dirty),
        repository.paused,
        repository.config_error,
        repository.error,
    )


def pull(store: Store, repo: str, number: int) -> Known:
    """Of one pull request of ``repo``."""
    key = (repo, number)
    derived = _row(store, "SELECT merged_at, files FROM pulls WHERE repo = ? AND number = ?", *key)
    told = _row(store, "SELECT merged_at FROM forge_pulls WHERE repo = ? AND number = ?", *key)
    # One that a commit wrongly names is listed as NUMBER@COMMIT; the forge's own word has the number alone.
    query = "SELECT reason, detail FROM left_out WHERE repo = ? AND thing = 'pull' AND id = ? ORDER BY rowid DESC"
    left_out = None if derived else _row(store, query, repo, str(number))
    rows = store.db.query("SELECT number, closes, source FROM links WHERE repo = ? AND pull = ? ORDER BY rowid", key)
    return Known(
        merged_at=(derived or told or (None,))[0],
        derived=derived is not None,
        files=len(json.loads(derived[1])) if derived else 0,
        reason=left_out[0] if left_out else None,
        detail=left_out[1] if left_out else None,
        links=tuple(Linked(row["number"], bool(row["closes"]), row["source"]) for row in rows),
    )


def pulls_of_issue(store: Store, repo: str, number: int) -> tuple[int, ...]:
    """Collected pull requests that are about an issue of ``repo``, lowest number first."""
    rows = store.db.query("SELECT DISTINCT pull FROM links WHERE repo = ? AND number = ? ORDER BY pull", (repo, number))
    return tuple(row["pull"] for row in rows)


def _row(store: Store, query: str, *values: Any) -> Any:
    """The first row as a tuple; None without one."""
    return store.db.execute(query, list(values)).fetchone()
