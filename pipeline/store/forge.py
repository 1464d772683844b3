"""The tables of what the forge says: repositories and how far each is collected, and its merged pull requests."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterable
from typing import Any

from pipeline.errors import InputError
from pipeline.store.base import Row
from pipeline.store.forgotten import ForgottenTables
from pipeline.types import ForgePull, Repository, from_json, to_json

NAMED_BY = {
    "repos": "name",
    "pulls": "repo",
    "issues": "repo",
    "links": "repo",
    "left_out": "repo",
    "forge_pulls": "repo",
    "verdicts": "repo",
    "routes": "repo",
    "evaluations": "repo",
    "adapters": "repo",
    "opinions": "repo",
    "seals": "repo",
}
"""Tables with a column that holds ``owner/name``, beside ``repositories``."""

BACKFILL = "backfill"
"""Stage of what is left out because the forge does not tell it."""

_FLAGS = ("private", "paused", "configured")
_COLUMNS = frozenset(field.name for field in dataclasses.fields(Repository))


class ForgeTables(ForgottenTables):
    """Each method that writes is one transaction, or part of the one around it."""

    def repository(self, id: int) -> Repository | None:
        """The repository with the forge's number ``id``; None when it is not known."""
        return self._one("SELECT * FROM repositories WHERE id = ?", id)

    def repository_named(self, name: str) -> Repository | None:
        """The repository that is called ``owner/name`` now, letter case aside; None when it is not known."""
        return self._one("SELECT * FROM repositories WHERE name = ? COLLATE NOCASE", name)

    def repositories(self) -> list[Repository]:
        """All that are known, by name, whatever their state."""
        return [_repository(row) for row in self._rows("SELECT * FROM repositories ORDER BY name", ())]

    def save_repository(
        self, id: int, name: str, installation: int | None, private: bool, default_branch: str | None = None
    ) -> Repository:
        """Insert, or bring up to date what is said here; a new name is followed in every table.

        An installation that is known is kept when ``installation`` is None, and so is the branch. One that
        was purged stays ``forgotten``.
        """
        with self.atomic():
            known = self.repository(id)
            if known is not None:
                self._follow(known, name)
            else:
                self._vacate(name)
            state = "forgotten" if self.is_forgotten(id, name) else "active"
            row = {"id": id, "name": name, "private": int(private), "state": state, "updated_at": _now()}
            extra = {"installation": installation, "default_branch": default_branch}
            row |= {key: value for key, value in extra.items() if value is not None}
            self._upsert("repositories", [row], ("id",))
        saved = self.repository(id)
        assert saved
        return saved

    def change_repository(self, id: int, **values: Any) -> Repository:
        """Set columns by name, such as ``dirty=1``. Raises InputError when ``id`` is not known."""
        assert values.keys() <= _COLUMNS - {"id", "name"}, "names change in rename_repo"
        row = {**values, "updated_at": _now()}
        with self.atomic():
            assignments = ", ".join(f"{name} = :{name}" for name in row)
            self._db.execute(f"UPDATE repositories SET {assignments} WHERE id = :id", {**row, "id": id})  # noqa: S608
            changed = self.repository(id)
        if changed is None:
            raise InputError(f"repository {id}: not in the database; run 'switchover collect owner/name --db FILE'")
        return changed

    def rename_repo(self, old: str, new: str) -> None:
        """Call a repository ``new`` in every table. Rows that are there under that name already give way.

        Another repository that the database still calls ``new`` has itself been renamed, unknown
        to us: it is put aside as ``new~ID`` until the forge tells its name.
        """
        if old == new:
            return
        with self.atomic():
            known = self._one("SELECT * FROM repositories WHERE name = ?", old)
            if known is not None:
                self._vacate(new, known.id)
            self._move(old, new)

    def save_forge_pulls(self, repo: str, pulls: Iterable[ForgePull]) -> int:
        """Insert or replace; how many were new or said something else than before.

        One that the forge refused to tell of during the backfill is no longer left out for that.
        """
        forgotten = self.forgotten()
        if forgotten.is_repository(repo):
            return 0
        rows = [_pull_row(repo, forgotten.forge_pull(pull)) for pull in pulls]
        numbers = json.dumps([str(row["number"]) for row in rows])
        with self.atomic():
            before = self._db.conn.total_changes
            self._insert_new(rows)
            changed = self._db.conn.total_changes - before
            query = "DELETE FROM left_out WHERE repo = ? AND stage = ? AND id IN (SELECT value FROM json_each(?))"
            self._execute(query, (repo, BACKFILL, numbers))
        return changed

    def forge_pulls_merged_by(self, repo: str, sha: str) -> list[ForgePull]:
        """Those of ``repo`` that the forge says this commit merged, by number."""
        query = "SELECT * FROM forge_pulls WHERE repo = ? AND merge_sha = ? ORDER BY number"
        return [_pull(row) for row in self._rows(query, (repo, sha))]

    def forge_pulls(self, repo: str, numbers: Iterable[int] | None = None) -> list[ForgePull]:
        """What is known of ``repo``, by number; only ``numbers`` where given."""
        chosen = None if numbers is None else json.dumps(sorted(set(numbers)))
        query = (
            "SELECT * FROM forge_pulls WHERE repo = ?1 "
            "AND (?2 IS NULL OR number IN (SELECT value FROM json_each(?2))) ORDER BY number"
        )
        return [_pull(row) for row in self._rows(query, (repo, chosen))]

    def count_forge_pulls(self, repo: str) -> int:
        """How many are known of ``repo``."""
        (row,) = self._rows("SELECT count(*) AS n FROM forge_pulls WHERE repo = ?", (repo,))
        return int(row["n"])

    def _one(self, query: str, value: Any) -> Repository | None:
        return next((_repository(row) for row in self._rows(query, (value,))), None)

    def _follow(self, known: Repository, name: str) -> None:
        if known.name != name:
            self.rename_repo(known.name, name)

    def _vacate(self, name: str, id: int = 0) -> None:
        """Put aside a repository that is called ``name`` but is not ``id``."""
        other = self._one("SELECT * FROM repositories WHERE name = ?", name)
        if other is not None and other.id != id:
            self._move(name, f"{name}~{other.id}")

    def _move(self, old: str, new: str) -> None:
        for table, column in (*NAMED_BY.items(), ("repositories", "name")):
            self._execute(f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?", (new, old))  # noqa: S608
        self.rename_forgotten(old, new)

    def _insert_new(self, rows: list[Row]) -> None:
        """Rows equal to what is there, or older, are not written: ``total_changes`` counts what is new.

        An older one comes from a page that was asked for before a delivery told of something newer.
        """
        if not rows:
            return
        names = [name for name in rows[0] if name not in ("repo", "number")]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        differs = " OR ".join(f"{name} IS NOT excluded.{name}" for name in names)
        query = (
            f"INSERT INTO forge_pulls ({', '.join(rows[0])}) VALUES ({', '.join('?' * len(rows[0]))}) "  # noqa: S608
            f"ON CONFLICT (repo, number) DO UPDATE SET {changes} "
            f"WHERE ({differs}) AND excluded.updated_at >= forge_pulls.updated_at"
        )
        self._db.conn.executemany(query, [tuple(row.values()) for row in rows])


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _repository(row: Row) -> Repository:
    return from_json(Repository, {**row, **{name: bool(row[name]) for name in _FLAGS}})


def _pull_row(repo: str, pull: ForgePull) -> Row:
    row = to_json(pull)
    return {"repo": repo, **row, "labels": json.dumps(row["labels"]), "closes": json.dumps(row["closes"])}


def _pull(row: Row) -> ForgePull:
    return from_json(ForgePull, {**row, "labels": json.loads(row["labels"]), "closes": json.loads(row["closes"])})
