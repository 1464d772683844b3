"""An issue of ours as it is sent: made once, edited in place, closed and opened again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.wire.client import Client
from bot.write.letter import Letter, Search
from pipeline.report.transition import MARKER


def create(key: str, installation: int, repo_id: int, title: str, body: str, marker: str = MARKER) -> Letter:
    """Open it; where one of ours with the ``marker`` is there already, that one. ``body`` holds the ``marker``."""
    return Letter(key, installation, repo_id, "issue", {"title": title, "marker": marker}, body)


def edit(key: str, installation: int, repo_id: int, number: int, body: str, changes: Mapping[str, str]) -> Letter:
    """Replace its text. ``changes``: of title, state (open, closed), state_reason (not_planned, reopened)."""
    return Letter(key, installation, repo_id, "issue_edit", {"number": number, **changes}, body)


def send(client: Client, repo: str, letter: Letter) -> str | None:
    """Its number."""
    made = client.write("POST", f"{repo}/issues", {"title": letter.target["title"], "body": letter.body})
    return str(made.data["number"])


def send_edit(client: Client, repo: str, letter: Letter) -> str | None:
    """Its number."""
    changes: dict[str, Any] = {name: value for name, value in letter.target.items() if name != "number"}
    number = letter.target["number"]
    client.write("PATCH", f"{repo}/issues/{number}", {**changes, "body": letter.body})
    return str(number)


def find(client: Client, repo: str, letter: Letter, search: Search) -> str | None:
    """The number of the oldest of ours, open or closed, however long ago it was made."""
    asked = {"creator": search.login, "state": "all", "sort": "created", "direction": "asc"}
    for row in client.pages(f"{repo}/issues", **asked):
        ours = row["user"] and row["user"]["login"] == search.login and "pull_request" not in row
        if ours and letter.target.get("marker", MARKER) in (row["body"] or ""):
            return str(row["number"])
    return None
