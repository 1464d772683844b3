"""What is to be purged, and what came of it; and the few words of SQL that both kinds need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.store import Store

CLEARED = "its raw body was purged before it was worked on"
"""Error of a delivery that nobody can work on any more."""


@dataclass(frozen=True)
class Subject:
    """A repository or a person."""

    name: str
    """``owner/name`` as the tables write it; of a person as it was asked for."""
    kind: str
    """repository or person."""
    repositories: tuple[str, ...]
    """The one itself, or those in which something is the person's."""

    @property
    def pattern(self) -> re.Pattern[bytes]:
        """Finds the name as a whole word in a file."""
        return re.compile(rb"(?<![\w-])" + re.escape(self.name.encode()) + rb"(?![\w-])", re.IGNORECASE)

    def is_named_in(self, data: bytes) -> bool:
        """Whether ``pattern`` finds it in ``data``; quick where it does not."""
        return self.name.lower().encode() in data.lower() and bool(self.pattern.search(data))


@dataclass(frozen=True)
class Purged:
    """What was taken out of the database. All is 0 when an earlier call has done it."""

    removed: dict[str, int]
    """Rows by table."""
    cleaned: dict[str, int] = field(default_factory=dict)
    """Rows that stay without the name, or without the raw body; by table."""
    ids: tuple[int, ...] = ()
    """The forge's numbers of the repositories whose mirror goes too."""
    notes: tuple[str, ...] = ()


def rows(store: Store, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return store.db.conn.execute(query, values).fetchall()


def change(store: Store, query: str, *values: Any) -> int:
    """How many rows a statement has changed."""
    return store.db.conn.execute(query, values).rowcount


def clear_bodies(store: Store, ids: Iterable[int]) -> int:
    """Raw bodies away, how many. What waited is over, and its repository is caught up on by asking the forge."""
    count = 0
    for id in ids:
        waiting = rows(store, "SELECT repo_id FROM deliveries WHERE id = ? AND state IN ('waiting', 'running')", id)
        change(store, "UPDATE deliveries SET body = NULL WHERE id = ?", id)
        for (repo_id,) in waiting:
            change(store, "UPDATE deliveries SET state = 'done', error = ? WHERE id = ?", CLEARED, id)
            again = "UPDATE repositories SET backfill = 'waiting', due_at = 0 WHERE id = ? AND backfill = 'done'"
            change(store, again, repo_id)
        count += 1
    return count
