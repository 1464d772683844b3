"""What the App's part of the database holds, read without ever standing in the writer's way.

Plain SQL over a read-only connection, for ``switchover status --db`` and for the pages of the bot.
Rows come as frozen dataclasses, whose fields are columns of ``pipeline/migrations.py``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import InputError
from pipeline.types import Repository

WAIT_SECONDS = 5
"""How long a read waits in the rare moment in which a WAL file is recovered or reset."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Installation:
    """Where the App is installed."""

    id: int
    account: str
    account_type: str
    state: str
    """active, suspended or removed."""
    error: str | None
    """Why nothing can be done there, or None."""
    updated_at: str


@dataclass(frozen=True)
class Delivery:
    """A webhook delivery, without its body."""

    id: int
    guid: str
    event: str
    action: str | None
    installation: int | None
    repo_id: int | None
    received_at: str
    source: str
    """webhook, recovered (from the forge's own list) or sync (our own, at start and daily)."""
    state: str
    """waiting, running, done, ignored or dead."""
    tries: int
    due_at: float
    error: str | None
    finished_at: str | None


@dataclass(frozen=True)
class Outgoing:
    """Something to be written on the forge, without its text."""

    key: str
    installation: int
    repo_id: int
    kind: str
    """comment, reaction, dispatch, ..."""
    target: str
    """JSON: where it goes."""
    state: str
    """waiting, sent or dead."""
    tries: int
    due_at: float
    error: str | None
    created_at: str
    sent_at: str | None


@dataclass(frozen=True)
class Budget:
    """What is left of a rate limit, as the last answer said."""

    installation: int
    """0: the App itself, or a token."""
    resource: str
    allowed: int
    remaining: int
    reset_at: int
    """Seconds since 1970."""
    seen_at: str


@dataclass(frozen=True)
class Reason:
    """How many things a stage left out for one reason."""

    stage: str
    reason: str
    count: int


@dataclass(frozen=True)
class LeftOutRow:
    """One thing that was left out."""

    repo: str
    stage: str
    thing: str
    id: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Standing:
    """Where a repository stands: its newest verdict."""

    repo: str
    state: str
    at: str
    """When its newest results were known; "" without any."""
    seq: int
    """How many verdicts there were so far."""
    route: str | None
    """Who serves the team; None where no switch was recorded."""


class Reading:
    """One consistent view of the database: all queries see the same moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, kind: type[Row], rest: str, *values: Any) -> list[Row]:
        """Rows of ``kind``: its fields as columns, then ``rest`` (FROM ..., WHERE ...)."""
        known = fields(kind)  # type: ignore[arg-type]
        found = self.tuples(f"SELECT {', '.join(field.name for field in known)} {rest}", *values)
        flags = [field.type == "bool" for field in known]
        return [
            kind(*(bool(value) if flag else value for flag, value in zip(flags, row, strict=True))) for row in found
        ]

    def tuples(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows as they come."""
        return self._connection.execute(query, values).fetchall()

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the first row, or None without one."""
        found = self.tuples(query, *values)
        return found[0][0] if found else None

    def pairs(self, query: str, *values: Any) -> dict[Any, Any]:
        """The first column of each row to the second."""
        return dict(self.tuples(query, *values))


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """Open the database at ``path`` for reading only.

    Raises InputError for a missing file, a folder, what is no database, one that cannot be read,
    and one whose tables an older version has made.
    """
    if not path.is_file():
        raise InputError(f"{path}: {'is a folder' if path.is_dir() else 'no such database'}; give the bot's --db FILE")
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS, isolation_level=None
        )
    except sqlite3.Error as error:
        raise InputError(f"{path}: cannot be opened ({error}); check its permissions") from None
    try:
        connection.execute("PRAGMA query_only = 1")
        connection.execute("BEGIN")
        yield Reading(connection)
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: {_diagnosis(error)}") from None
    finally:
        connection.close()


def _diagnosis(error: sqlite3.DatabaseError) -> str:
    if "no such" in str(error):
        return f"made by an older version ({error}); run 'switchover bot' or 'switchover collect' on it once"
    return f"cannot be read ({error}); give the bot's --db FILE"


def installations(read: Reading) -> list[Installation]:
    """All, by account."""
    return read.rows(Installation, "FROM installations ORDER BY account COLLATE NOCASE, id")


def repositories(read: Reading, where: str = "1", *values: Any, most: int = -1) -> list[Repository]:
    """Those that fulfil ``where``, by name, at most ``most`` (-1: all)."""
    return read.rows(Repository, f"FROM repositories WHERE {where} ORDER BY name LIMIT ?", *values, most)


def dead_deliveries(read: Reading, most: int = -1) -> list[Delivery]:
    """Deliveries that were given up, newest first."""
    return read.rows(Delivery, "FROM deliveries WHERE state = 'dead' ORDER BY id DESC LIMIT ?", most)


def dead_outgoing(read: Reading, most: int = -1) -> list[Outgoing]:
    """What could not be written on the forge, newest first."""
    return read.rows(Outgoing, "FROM outbox WHERE state = 'dead' ORDER BY created_at DESC LIMIT ?", most)


def budgets(read: Reading) -> list[Budget]:
    """The rate limits of each installation."""
    return read.rows(Budget, "FROM budgets ORDER BY installation, resource")


def standings(read: Reading) -> list[Standing]:
    """The newest verdict of each repository, by name."""
    route = "(SELECT route FROM routes WHERE repo = verdicts.repo ORDER BY id DESC LIMIT 1)"
    query = f"SELECT repo, state, at, max(seq), {route} FROM verdicts GROUP BY repo ORDER BY repo"  # noqa: S608
    return [Standing(*row) for row in read.tuples(query)]


def reasons(read: Reading) -> list[Reason]:
    """Counts of what was left out, the largest first within its stage."""
    query = "SELECT stage, reason, count(*) FROM left_out GROUP BY stage, reason ORDER BY stage, 3 DESC, reason"
    return [Reason(*row) for row in read.tuples(query)]


def left_out(read: Reading, reason: str | None = None, repo: str | None = None) -> list[LeftOutRow]:
    """Things left out, by repository; all reasons and all repositories when None."""
    where = "FROM left_out WHERE (?1 IS NULL OR reason = ?1) AND (?2 IS NULL OR repo = ?2) ORDER BY repo, rowid"
    return read.rows(LeftOutRow, where, reason, repo)
