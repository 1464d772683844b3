"""The one SQLite file: repositories, merged pull requests, issues, links, and what was left out.

Saving a row twice changes nothing; each ``save_`` is one transaction, and ``atomic`` makes
one of several, so that a killed process leaves the old state or the new one. One writer at a
time; readers are not blocked (WAL).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlite_utils import Database

from pipeline.errors import InputError, RunError
from pipeline.migrations import migrations
from pipeline.types import Issue, LeftOut, Pull, from_json, to_json

WAIT_SECONDS = 30
"""How long a write waits for another process's transaction."""


class Store:
    """The database behind ``--db FILE``. A context manager; not shared between threads."""

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self.path = path

    @classmethod
    def open(cls, path: Path, must_exist: bool = False) -> Store:
        """Open ``path``, creating it unless ``must_exist``, and bring its schema up to date.

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

    def save_repo(self, name: str, clone: Path) -> None:
        """Remember where the clone of ``name`` lies; the newest place wins."""
        with self.atomic():
            self._upsert("repos", [{"name": name, "clone": str(clone.absolute())}], ("name",))

    def repos(self) -> dict[str, Path]:
        """Name to clone path, by name."""
        return {row["name"]: Path(row["clone"]) for row in self._rows("SELECT * FROM repos ORDER BY name", ())}

    def save_pulls(self, pulls: Iterable[Pull]) -> None:
        """Insert or replace, with their links. One that was left out before is so no longer."""
        with self.atomic():
            for pull in pulls:
                key = (pull.repo, pull.number)
                self._upsert("pulls", [_pull_row(pull)], ("repo", "number"))
                self._execute("DELETE FROM links WHERE repo = ? AND pull = ?", key)
                self._upsert("links", _link_rows(pull), ("repo", "pull", "number", "source"))
                self._execute(
                    "DELETE FROM left_out WHERE repo = ? AND thing = 'pull' AND id = ?", (pull.repo, str(pull.number))
                )

    def forget_pulls(self, repo: str, numbers: Iterable[int]) -> None:
        """Take pull requests out again, with their links; unknown numbers are ignored."""
        with self.atomic():
            for number in numbers:
                self._execute("DELETE FROM pulls WHERE repo = ? AND number = ?", (repo, number))
                self._execute("DELETE FROM links WHERE repo = ? AND pull = ?", (repo, number))

    def pulls(self, repo: str | None = None) -> Iterator[Pull]:
        """Merged pull requests, newest merged first; of every repository when ``repo`` is None."""
        links: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for row in self._rows("SELECT * FROM links WHERE ?1 IS NULL OR repo = ?1 ORDER BY rowid", (repo,)):
            links.setdefault((row["repo"], row["pull"]), []).append({**row, "closes": bool(row["closes"])})
        query = "SELECT * FROM pulls WHERE ?1 IS NULL OR repo = ?1 ORDER BY merged_at DESC, repo, number DESC"
        for row in self._rows(query, (repo,)):
            yield _pull(row, links.get((row["repo"], row["number"]), []))

    def merge_shas(self, repo: str) -> dict[int, str]:
        """Number of each pull request of ``repo`` to the commit that merged it."""
        rows = self._rows("SELECT number, merge_sha FROM pulls WHERE repo = ?", (repo,))
        return {row["number"]: row["merge_sha"] for row in rows}

    def save_issues(self, issues: Iterable[Issue]) -> None:
        """Insert or replace. One of which only the number is known never replaces a known text."""
        with self.atomic():
            for issue in issues:
                if issue.created_at is None and self._knows_issue(issue):
                    continue
                row = {**to_json(issue), "labels": json.dumps(issue.labels)}
                self._upsert("issues", [row], ("repo", "number"))

    def issues(self, repo: str) -> dict[int, Issue]:
        """Issues of ``repo`` by number."""
        rows = self._rows("SELECT * FROM issues WHERE repo = ? ORDER BY number", (repo,))
        return {row["number"]: from_json(Issue, {**row, "labels": json.loads(row["labels"])}) for row in rows}

    def save_left_out(self, repo: str, rows: Iterable[LeftOut]) -> None:
        """Insert or replace: a thing has one reason per stage, the newest."""
        with self.atomic():
            self._upsert("left_out", [{"repo": repo, **to_json(row)} for row in rows], ("repo", "stage", "thing", "id"))

    def forget_left_out(self, repo: str, stage: str) -> None:
        """Take out all that ``stage`` left out, before it says so anew."""
        with self.atomic():
            self._execute("DELETE FROM left_out WHERE repo = ? AND stage = ?", (repo, stage))

    def left_out(self, repo: str | None = None) -> Iterator[LeftOut]:
        """What was left out, in the order in which it was first saved; of every repository when None."""
        for row in self._rows("SELECT * FROM left_out WHERE ?1 IS NULL OR repo = ?1 ORDER BY rowid", (repo,)):
            yield from_json(LeftOut, row)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """All that is saved inside is saved together, or not at all. Raises RunError when it cannot be written."""
        try:
            with self._db.atomic():
                yield
        except sqlite3.Error as error:
            raise RunError(f"{self.path}: cannot be written ({error}); free it, then run the same again") from None

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _knows_issue(self, issue: Issue) -> bool:
        query = "SELECT 1 FROM issues WHERE repo = ? AND number = ? AND created_at IS NOT NULL"
        return any(True for _ in self._rows(query, (issue.repo, issue.number)))

    def _rows(self, query: str, values: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
        return iter(list(self._db.query(query, values)))

    def _execute(self, query: str, values: tuple[Any, ...]) -> None:
        self._db.execute(query, values)

    def _upsert(self, table: str, rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
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
        db = Database(sqlite3.connect(path, timeout=WAIT_SECONDS))
        newer = _unknown_steps(db)
        if not newer:
            db.enable_wal()
            migrations.apply(db)
            return db
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: {_diagnose(error)}") from None
    db.close()
    raise InputError(f"{path}: written by a newer version (step {newer[0]!r}); update switchover or use another file")


def _unknown_steps(db: Database) -> list[str]:
    known = {step.name for step in migrations.pending(Database(memory=True))}
    return [step.name for step in migrations.applied(db) if step.name not in known]


def _diagnose(error: sqlite3.DatabaseError) -> str:
    if "not a database" in str(error) or "malformed" in str(error):
        return f"not a usable SQLite database ({error}); name another file with --db"
    return f"cannot be opened for writing ({error}); check its permissions, or name another file with --db"


def _pull_row(pull: Pull) -> dict[str, Any]:
    row = dict(vars(pull))  # to_json copies every value; thousands of pulls need not
    del row["links"]
    files = json.dumps([vars(file) for file in pull.files])
    verified = None if pull.verified is None else int(pull.verified)
    return {**row, "files": files, "labels": json.dumps(pull.labels), "verified": verified}


def _link_rows(pull: Pull) -> list[dict[str, Any]]:
    return [{"repo": pull.repo, "pull": pull.number, **to_json(link)} for link in pull.links]


def _pull(row: dict[str, Any], links: list[dict[str, Any]]) -> Pull:
    verified = None if row["verified"] is None else bool(row["verified"])
    lists = {"files": json.loads(row["files"]), "labels": json.loads(row["labels"])}
    return from_json(Pull, {**row, **lists, "links": links, "verified": verified})
