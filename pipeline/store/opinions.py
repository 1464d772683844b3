"""The table of what people say of scores: by a reaction to the App's comment, or by a command. Shown, never counted in.

A person's command counts before their reaction. Logins stay in the database: what is shown names nobody.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.store.forgotten import ForgottenTables
from pipeline.types import Opinion

Source = Literal["reaction", "command"]
Saying = Literal["fair", "unfair"]

MOST_REASON = 500
"""Characters of a reason that are kept."""


@dataclass(frozen=True)
class Said:
    """By one person, in one way."""

    verdict: Saying
    counts: bool
    """They could write to the repository when they were asked about; others are remembered and not shown."""


def opinions(store: ForgottenTables, repo: str, number: int | None = None) -> list[Opinion]:
    """One for each person with write access, oldest first; of one pull request where ``number`` is given."""
    query = (
        "SELECT repo, number, verdict, reason, at FROM opinions o WHERE repo = ?1 AND counts <> 0"
        " AND (?2 IS NULL OR number = ?2) AND (source = 'command' OR NOT EXISTS (SELECT 1 FROM opinions c"
        " WHERE c.repo = o.repo AND c.number = o.number AND c.login = o.login AND c.source = 'command'))"
        " ORDER BY at, rowid"
    )
    return [Opinion(**row) for row in store.db.query(query, [repo, number])]


def add_opinion(
    store: ForgottenTables, repo: str, number: int, login: str, verdict: Saying, reason: str = "", at: str | None = None
) -> None:
    """By a command: it takes the place of the same person's earlier one. Inside the caller's transaction.

    Raises InputError for a repository that was purged; of a person who was purged nothing is kept.
    """
    store.refuse_forgotten(repo)
    if not store.forgotten().is_person(login):
        text = store.forgotten().text(reason)[:MOST_REASON]
        _save(store, (repo, number, login, "command", verdict, text, 1, at or _now()))


def reactions(store: ForgottenTables, repo: str, number: int) -> dict[str, Said]:
    """What is known of those who have reacted, by login; those who may not write are among them."""
    query = "SELECT login, verdict, counts FROM opinions WHERE repo = ? AND number = ? AND source = 'reaction'"
    rows = store.db.query(query, [repo, number])
    return {row["login"]: Said(row["verdict"], bool(row["counts"])) for row in rows}


def save_reactions(store: ForgottenTables, repo: str, number: int, found: Mapping[str, Said]) -> bool:
    """Whoever has reacted by now, and nobody else; whether what counts is another. Inside the caller's transaction."""
    before, forgotten = reactions(store, repo, number), store.forgotten()
    now = {login: said for login, said in found.items() if not forgotten.is_person(login)}
    for login in before.keys() - now.keys():
        query = "DELETE FROM opinions WHERE repo = ? AND number = ? AND login = ? AND source = 'reaction'"
        store.db.execute(query, [repo, number, login])
    for login, said in now.items():
        if before.get(login) != said:
            _save(store, (repo, number, login, "reaction", said.verdict, "", int(said.counts), _now()))
    return _counting(before) != _counting(now)


def _counting(found: Mapping[str, Said]) -> dict[str, Said]:
    return {login: said for login, said in found.items() if said.counts}


def _save(store: ForgottenTables, values: tuple[object, ...]) -> None:
    store.db.execute("INSERT OR REPLACE INTO opinions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", list(values))


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
