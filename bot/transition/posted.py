"""What is known of a repository's transition issue: one row, changed inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.store import Store


@dataclass(frozen=True)
class Ticked:
    """What became of a checkbox that was obeyed."""

    epoch: str
    """In which it was ticked; it holds no longer than that."""
    letter: str | None
    """Key of the letter that opens the pull request; None where none is opened."""
    text: str = ""
    """What is written beside the box, in Markdown, where there is no letter."""


@dataclass(frozen=True)
class Posted:
    """A row of ``transitions``; one that was never written is all defaults."""

    repo_id: int
    seq: int = 0
    """The verdict that was looked at last; 0: none."""
    again: bool = False
    """Something else than the verdict has changed since: a box, or what we know of the issue."""
    due_at: float = 0.0
    """Seconds since 1970 before which it is not looked at."""
    revision: int = 0
    """Letters put so far; makes their keys."""
    letter: str | None = None
    """Key of the letter that makes the issue."""
    number: int | None = None
    """Of the issue; None before it is known, and after it was deleted or moved away."""
    title: str = ""
    """As we have set it; a person's own title is left alone."""
    told: str = ""
    """The last state that was told: ready, switched, drifted or behind; "" before the issue."""
    epoch: str = ""
    """Of the evidence that was shown last (see ``epoch``)."""
    shut_in: str = ""
    """The epoch in which a person closed, deleted or moved it: it stays so until the next one. "": nobody has."""
    kept: str = ""
    """The versions (see ``versions``) for which a person keeps frontier: nothing is said about them."""
    boxes: Mapping[str, Ticked] = field(default_factory=dict)
    """By box, of those that were obeyed."""


def epoch(record: Mapping[str, Any]) -> str:
    """Names the epoch of a record: its number and versions."""
    found = record["verdict"]["epoch"]
    return json.dumps([found["number"], found["adapter"], found["frontier"]])


def versions(record: Mapping[str, Any]) -> str:
    """Names the two models of a record."""
    found = record["verdict"]["epoch"]
    return json.dumps([found["adapter"], found["frontier"]])


def load(store: Store, repo_id: int) -> Posted:
    """What is known; of a repository without a row all defaults. A letter that was sent tells the issue's number."""
    query = (
        "SELECT t.*, o.remote_id FROM transitions t"
        " LEFT JOIN outbox o ON o.key = t.letter AND o.state = 'sent' WHERE t.repo_id = ?"
    )
    for row in store.db.query(query, [repo_id]):
        remote = row.pop("remote_id")
        number = row["number"] or (int(remote) if remote and row["letter"] else None)
        boxes = {name: Ticked(**value) for name, value in json.loads(row["boxes"]).items()}
        return Posted(**{**row, "again": bool(row["again"]), "number": number, "boxes": boxes})
    return Posted(repo_id)


def save(store: Store, posted: Posted) -> None:
    """Insert or replace."""
    row = asdict(posted)
    row |= {"again": int(posted.again), "boxes": json.dumps(row["boxes"])}
    store.db.table("transitions").upsert(row, pk="repo_id")


def letter_key(posted: Posted, what: str) -> str:
    """Of the next letter: starting so, it waits while the repository is paused (bot.write.outbox)."""
    return f"transition:{posted.repo_id}:{posted.revision + 1}:{what}"
