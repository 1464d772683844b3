"""What is known of a pull request's comment and check run: one row, changed inside the caller's transaction."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace

from pipeline.store import Store

_FLAGS = ("again", "gone")


@dataclass(frozen=True)
class Posted:
    """A row of ``evaluated``; one that was never written is all defaults."""

    repo_id: int
    number: int
    seen: str = ""
    """How many attempts were there when it was looked at last (see bot.evaluated.due); "": never looked at."""
    again: bool = False
    """Something else has changed since: what people say."""
    due_at: float = 0.0
    """Seconds since 1970 before which it is not looked at."""
    revision: int = 0
    """Letters put so far; makes their keys."""
    comment_letter: str | None = None
    """Key of the newest letter about the comment."""
    comment: int | None = None
    """Its id; None before it is known."""
    comment_told: str = ""
    """Hash of what it was told to say last."""
    check_letter: str | None = None
    check_run: int | None = None
    """The check run's id; None before it is known."""
    check_told: str = ""
    gone: bool = False
    """A person has deleted the comment: there is none any more, and none is made."""
    posted_at: float = 0.0
    """When the comment's first letter was put, seconds since 1970; 0: never."""
    polled_at: float = 0.0
    """When its reactions were asked for last."""


def load(store: Store, repo_id: int, number: int) -> Posted:
    """What is known; letters that were sent since tell the ids."""
    query = "SELECT * FROM evaluated WHERE repo_id = ? AND number = ?"
    for row in store.db.query(query, [repo_id, number]):
        return _with_letters(store, Posted(**{**row, **{name: bool(row[name]) for name in _FLAGS}}))
    return Posted(repo_id, number)


def save(store: Store, posted: Posted) -> None:
    """Insert or replace."""
    row = asdict(posted)
    row |= {name: int(row[name]) for name in _FLAGS}
    store.db.table("evaluated").upsert(row, pk=("repo_id", "number"))


def letter_key(posted: Posted, what: str) -> str:
    """Of the next letter: starting so, it waits while the repository is paused (bot.write.outbox)."""
    return f"evaluated:{posted.repo_id}:{posted.number}:{posted.revision + 1}:{what}"


def told(*texts: str) -> str:
    """The hash of a text, by which it is known again."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _with_letters(store: Store, row: Posted) -> Posted:
    comment = row.comment or _made(store, row.comment_letter)
    return replace(row, comment=comment, check_run=row.check_run or _made(store, row.check_letter))


def _made(store: Store, key: str | None) -> int | None:
    """The id of what a letter has made; None where it was not sent."""
    query = "SELECT remote_id FROM outbox WHERE key = ? AND state = 'sent' AND remote_id IS NOT NULL"
    row = store.db.execute(query, [key]).fetchone()
    return int(row[0]) if row else None
