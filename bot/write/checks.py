"""The check run of an evaluated pull request: neutral, so it never stands in anybody's way; with a button."""

from __future__ import annotations

from typing import Any

from bot.wire.client import Client
from bot.write.letter import Letter, Search

NAME = "Switchover"
"""Of the check run, as people see it."""

EVALUATE = "evaluate"
"""What the button is called in its event; at most 20 characters."""

_ACTIONS = [{"label": "Evaluate again", "description": "Start the workflow for this one", "identifier": EVALUATE}]
"""At most 20 characters of label, 40 of description."""


def external_id(repo_id: int, number: int) -> str:
    """What a check run of ours carries: how it is found again, and how its button knows the pull request."""
    return f"evaluated:{repo_id}:{number}"


def number_of(external: str | None, repo_id: int | None) -> int | None:
    """The pull request of an ``external_id`` of that repository; None where it is none of ours."""
    kind, _, rest = (external or "").partition(":")
    repo, _, number = rest.partition(":")
    return int(number) if kind == "evaluated" and repo == str(repo_id) and number.isdecimal() else None


def create(key: str, installation: int, repo_id: int, number: int, sha: str, title: str, summary: str) -> Letter:
    """On the commit ``sha``. ``title``: plain text; ``summary``: Markdown, short enough."""
    target = {"external_id": external_id(repo_id, number), "sha": sha, "title": title}
    return Letter(key, installation, repo_id, "check", target, summary)


def edit(key: str, installation: int, repo_id: int, check: int, title: str, summary: str) -> Letter:
    """Replace what the check run with that id says."""
    return Letter(key, installation, repo_id, "check_edit", {"check": check, "title": title}, summary)


def send(client: Client, repo: str, letter: Letter) -> str | None:
    """Its id."""
    made = {"name": NAME, "head_sha": letter.target["sha"], "external_id": letter.target["external_id"]}
    return str(client.write("POST", f"{repo}/check-runs", {**made, **_said(letter)}).data["id"])


def send_edit(client: Client, repo: str, letter: Letter) -> str | None:
    """Its id."""
    id = letter.target["check"]
    client.write("PATCH", f"{repo}/check-runs/{id}", _said(letter))
    return str(id)


def find(client: Client, repo: str, letter: Letter, search: Search) -> str | None:
    """The id of ours on that commit; what it says is brought up to date."""
    path = f"{repo}/commits/{letter.target['sha']}/check-runs"
    for row in client.pages(path, "check_runs", check_name=NAME, filter="all"):
        ours = row["app"] and f"{row['app']['slug']}[bot]" == search.login
        if ours and row["external_id"] == letter.target["external_id"]:
            client.write("PATCH", f"{repo}/check-runs/{row['id']}", _said(letter))
            return str(row["id"])
    return None


def _said(letter: Letter) -> dict[str, Any]:
    output = {"title": letter.target["title"], "summary": letter.body}
    return {"status": "completed", "conclusion": "neutral", "output": output, "actions": _ACTIONS}
