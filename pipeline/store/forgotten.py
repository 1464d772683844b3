"""The table of what was purged: whatever is saved is held against it, whoever saves it."""

from __future__ import annotations

import datetime
import secrets

from pipeline.errors import InputError
from pipeline.forgotten import Forgotten, fingerprint
from pipeline.store.base import Base

PERSON, REPOSITORY, SALT = "person", "repository", "salt"
"""Kinds of rows."""


class ForgottenTables(Base):
    """Each method that writes is one transaction, or part of the one around it."""

    def forgotten(self) -> Forgotten:
        """All that was purged."""
        rows = list(self._rows("SELECT kind, mark FROM forgotten", ()))
        people, repositories, salts = (
            [row["mark"] for row in rows if row["kind"] == kind] for kind in (PERSON, REPOSITORY, SALT)
        )
        return Forgotten(salts[0] if salts else "", frozenset(people), frozenset(repositories))

    def refuse_forgotten(self, repo: str) -> None:
        """Raises InputError when ``repo`` was purged."""
        for row in self._rows("SELECT at FROM forgotten WHERE kind = ? AND mark = ?", (REPOSITORY, repo.lower())):
            raise InputError(
                f"{repo}: was purged from {self.path} on {row['at'][:10]} and stays so; "
                f"to let it in again: switchover forget {repo} --db {self.path} --undo"
            )

    def is_forgotten(self, id: int, repo: str) -> bool:
        """Whether this repository was purged. A later one under the same name is another."""
        query = "SELECT 1 FROM forgotten WHERE kind = ? AND (repo_id = ? OR repo_id IS NULL AND mark = ?)"
        return any(True for _ in self._rows(query, (REPOSITORY, id, repo.lower())))

    def remember_forgotten_repository(self, repo: str, id: int | None) -> None:
        """``id``: the forge's number, None where only a clone is known."""
        self._remember(REPOSITORY, repo.lower(), id)

    def rename_forgotten(self, old: str, new: str) -> None:
        """Follow a repository of the forge that is called otherwise now."""
        query = "UPDATE OR REPLACE forgotten SET mark = ? WHERE kind = ? AND mark = ? AND repo_id IS NOT NULL"
        self._execute(query, (new.lower(), REPOSITORY, old.lower()))

    def remember_forgotten_person(self, name: str) -> None:
        """Nothing of the name is kept but a salted hash."""
        with self.atomic():
            if not self.forgotten().salt:
                self._remember(SALT, secrets.token_hex(16), None)
            self._remember(PERSON, fingerprint(self.forgotten().salt, name), None)

    def let_in_again(self, name: str) -> bool:
        """Take a repository or a person off the table; whether it was on it."""
        marks = (name.lower(), fingerprint(self.forgotten().salt, name))
        with self.atomic():
            cursor = self._db.execute("DELETE FROM forgotten WHERE kind <> ? AND mark IN (?, ?)", (SALT, *marks))
            return cursor.rowcount > 0

    def _remember(self, kind: str, mark: str, id: int | None) -> None:
        at = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self.atomic():
            query = "INSERT OR IGNORE INTO forgotten (kind, mark, repo_id, at) VALUES (?, ?, ?, ?)"
            self._execute(query, (kind, mark, id, at))
