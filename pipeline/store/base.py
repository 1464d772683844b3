"""The connection to the one SQLite file: opening it, transactions, and rows in and out."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlite_utils import Database

from pipeline.errors import InputError, RunError
from pipeline.migrations import migrations

WAIT_SECONDS = 30
"""How long a write waits for another process's transaction."""

Row = dict[str, Any]


class Base:
    """An open database. A context manager; not shared between threads."""

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self.path = path

    @classmethod
    def open(cls, path: Path, must_exist: bool = False) -> Self:
        """Open ``path``, creating it (mode 0600) unless ``must_exist``, and bring its schema up to date.

        Raises InputError for a missing file, a folder, a file that is no database, one that
        cannot be written, and one that a newer version has written.
        """
        if must_exist and not path.exists():
            raise InputError(f"{path}: no such database; make it with 'switchover collect CLONE --db {path}'")
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a file in it, such as {path / 'switchover.db'}")
        if not path.parent.is_dir():
            raise InputError(f"{path}: its folder does not exist; create {path.parent} first")
        return cls(_connect(path), path)

    @property
    def db(self) -> Database:
        """The database itself, for tables that have no methods here; write inside ``atomic``."""
        return self._db

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All that is saved inside is saved together, or not at all. Raises RunError when it cannot be written."""
        conn = self._db.conn
        try:
            if conn.in_transaction:
                with self._db.atomic():
                    yield
            else:
                conn.execute("BEGIN IMMEDIATE")  # one that reads first is refused, not queued, when it comes to write
                with conn:
                    yield
        except sqlite3.Error as error:
            raise RunError(f"{self.path}: cannot be written ({error}); free it, then run the same again") from None

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, query: str, values: tuple[Any, ...]) -> Iterator[Row]:
        return iter(list(self._db.query(query, values)))

    def _execute(self, query: str, values: tuple[Any, ...]) -> None:
        self._db.execute(query, values)

    def _upsert(self, table: str, rows: list[Row], key: tuple[str, ...]) -> None:
        if not rows:
            return
        names = list(rows[0])
        changes = ", ".join(f"{n} = excluded.{n}" for n in names if n not in key) or f"{key[0]} = {key[0]}"
        query = (
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "  # noqa: S608
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
        )
        self._db.conn.executemany(query, [tuple(row.values()) for row in rows])


def _connect(path: Path) -> Database:
    try:
        _make(path)
        db = Database(sqlite3.connect(path, timeout=WAIT_SECONDS))
        newer = _unknown_steps(db)
        if not newer:
            if db.journal_mode != "wal" or migrations.pending(db):
                _bring_up_to_date(db)
            return db
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: {_diagnose(error)}") from None
    db.close()
    raise InputError(f"{path}: written by a newer version (step {newer[0]!r}); update switchover or use another file")


def _bring_up_to_date(db: Database) -> None:
    """All steps in one transaction: of several processes that open the file at once, the first does it for all."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            db.enable_wal()
            break
        except sqlite3.OperationalError as error:
            # SQLite refuses this at once, without its wait, while others are about the same.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    db.conn.execute("BEGIN IMMEDIATE")
    with db.conn:
        migrations.apply(db)


def _make(path: Path) -> None:
    """Create the file for its owner alone: raw deliveries hold what is not redacted yet."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise sqlite3.OperationalError(error.strerror) from None


def _unknown_steps(db: Database) -> list[str]:
    known = {step.name for step in migrations.pending(Database(memory=True))}
    return [step.name for step in migrations.applied(db) if step.name not in known]


def _diagnose(error: sqlite3.DatabaseError) -> str:
    if "not a database" in str(error) or "malformed" in str(error):
        return f"not a usable SQLite database ({error}); name another file with --db"
    return f"cannot be opened for writing ({error}); check its permissions, or name another file with --db"
