"""Reads ``library/``: the changes of the demo repository, in the order in which they landed.

    library/history.json          the order, and how each change landed
    library/people.json           login: "Name <mail>"
    library/NNN-slug/pull.json    the pull request, as far as the forge's record says more than its commits
    library/NNN-slug/issue.json   the issue that it is about
    library/NNN-slug/*.patch      the commits of its branch, in order of their names

Folders without pull.json were pushed directly (the start, releases) or hold an open issue only.
"""

from __future__ import annotations

import email
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True)
class Patch:
    """One commit of a branch."""

    author: str
    """``Name <mail>``."""
    at: str
    """Author time, ISO 8601."""
    message: str
    diff: bytes
    """Unified diff; its last byte is a newline."""


@dataclass(frozen=True)
class Change:
    """One entry of the history."""

    folder: str
    landed: str
    """direct, merge, titled (a merge commit with another title), squash or rebase."""
    branched_after: str | None
    """Folder of the change that the branch started from; None: the one that landed before it."""
    patches: tuple[Patch, ...]
    pull: dict[str, Any]
    """Empty for a change that was pushed directly."""
    issue: dict[str, Any]
    """Empty for a change that is about no issue."""

    @property
    def number(self) -> int:
        """The pull request's number."""
        return int(self.pull["number"])

    @property
    def merger(self) -> str:
        """Who merged it: ``Name <mail>``."""
        name: str = people()[self.pull["merged_by"]["login"]]
        return name


def read_changes() -> tuple[Change, ...]:
    """Every change, in order of landing."""
    entries = json.loads((LIBRARY / "history.json").read_text(encoding="utf-8"))
    return tuple(_read_change(entry) for entry in entries)


def open_issues() -> list[dict[str, Any]]:
    """The issues that no change has closed."""
    return [issue for path in sorted(LIBRARY.glob("*/issue.json")) if (issue := _read(path))["state"] == "open"]


def people() -> dict[str, str]:
    """``Name <mail>`` by login."""
    known: dict[str, str] = json.loads((LIBRARY / "people.json").read_text(encoding="utf-8"))
    return known


def seconds(time: str) -> int:
    """Unix time of an ISO 8601 time."""
    return int(datetime.fromisoformat(time).timestamp())


def _read_change(entry: dict[str, str]) -> Change:
    folder = LIBRARY / entry["folder"]
    patches = tuple(_read_patch(path) for path in sorted(folder.glob("*.patch")))
    pull, issue = folder / "pull.json", folder / "issue.json"
    return Change(
        entry["folder"],
        entry["landed"],
        entry.get("branched_after"),
        patches,
        _read(pull) if pull.exists() else {},
        _read(issue) if issue.exists() else {},
    )


def _read(path: Path) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return row


def _read_patch(path: Path) -> Patch:
    head, start, diff = path.read_bytes().partition(b"diff --git ")
    mail = email.message_from_string(head.decode())
    message = f"{mail['Subject']}\n\n{mail.get_payload()}".strip()
    return Patch(mail["From"], mail["Date"], message, start + diff)
