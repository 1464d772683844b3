"""A repository of the stand-in: made deterministically, cheap for ten thousand pull requests."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.github.stand_in.identity import iso

CONFIG = ".github/switchover.yml"
EPOCH = 1_700_000_000
"""Seconds since 1970 at which the first pull request was opened; one follows each hour."""


@dataclass
class Branch:
    """Its last commit and its files."""

    sha: str
    files: dict[str, str]


@dataclass
class Repository:
    """Pull requests and issues are plain dicts with GraphQL's names; change them at will (``touch`` after)."""

    id: int
    name: str
    installation: int
    private: bool = True
    default_branch: str = "main"
    clone_url: str = ""
    files: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    """Of issues and pull requests, as REST shows them, oldest first; with ``issue`` for the number."""
    reactions: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    """By ("comments", comment id) or ("issues", number)."""
    checks: list[dict[str, Any]] = field(default_factory=list)
    """Check runs as REST shows them, oldest first."""
    runs: list[dict[str, Any]] = field(default_factory=list)
    """Workflow runs, oldest first; ``inputs`` beside what REST shows."""
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    """Of runs, as REST shows them, with their archive as ``data``."""
    history: list[str] = field(default_factory=list)
    """Older commits of the default branch."""
    gone: set[int] = field(default_factory=set)
    """Numbers of issues that were deleted."""
    moved: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Number of an issue that was transferred to its new repository and number."""
    branches: dict[str, Branch] = field(default_factory=dict)
    """Beside the default one, whose files are ``files``."""
    people: dict[str, str] = field(default_factory=dict)
    """Login to permission: admin, write, read, none."""

    def fill(self, pulls: int) -> None:
        """``pulls`` merged pull requests; number i closes issue 100000 + i unless i is a multiple of 5."""
        for number in range(1, pulls + 1):
            self.add_pull(number, closes=[] if number % 5 == 0 else [100_000 + number])

    def add_pull(self, number: int, closes: list[int] | None = None, **changes: Any) -> dict[str, Any]:
        """A merged pull request, and the issues that it closes where they do not exist."""
        for issue in closes or []:
            if issue not in self.issues:
                self.add_issue(issue)
        self.pulls[number] = {**_pull(self, number), "closes": closes or [], **changes}
        return self.pulls[number]

    def add_issue(self, number: int, **changes: Any) -> dict[str, Any]:
        self.issues[number] = {**_issue(self, number), **changes}
        return self.issues[number]

    def touch(self, number: int, at: float | None = None, **changes: Any) -> None:
        """Change a pull request or an issue; its ``updatedAt`` becomes ``at``, or a minute after the newest."""
        thing = self.pulls.get(number) or self.issues[number]
        newest = max(row["updatedAt"] for rows in (self.pulls, self.issues) for row in rows.values())
        later = datetime.datetime.fromisoformat(newest).timestamp() + 60 if at is None else at
        thing.update(changes, updatedAt=iso(later))

    def shown(self) -> dict[str, Any]:
        owner, name = self.name.split("/")
        return {
            "id": self.id,
            "node_id": f"R_{self.id}",
            "name": name,
            "full_name": self.name,
            "private": self.private,
            "owner": {"login": owner, "id": self.installation, "type": "Organization"},
            "html_url": f"https://github.com/{self.name}",
            "clone_url": self.clone_url or f"https://github.com/{self.name}.git",
            "default_branch": self.default_branch,
            "archived": False,
        }

    def comments_on(self, number: int) -> list[str]:
        """Bodies, oldest first."""
        return [comment["body"] for comment in self.comments if comment["issue"] == number]


def blob(text: str) -> str:
    """As git names a file's content."""
    data = text.encode()
    return hashlib.sha1(b"blob %d\0%s" % (len(data), data), usedforsecurity=False).hexdigest()


def sha(*parts: object) -> str:
    return hashlib.sha1(repr(parts).encode(), usedforsecurity=False).hexdigest()


def _pull(repository: Repository, number: int) -> dict[str, Any]:
    opened = EPOCH + 3600 * number
    name = repository.name
    return {
        "__typename": "PullRequest",
        "id": f"PR_{repository.id}_{number}",
        "databaseId": repository.id * 1_000_000 + number,
        "number": number,
        "title": f"Mend part {number}",
        "body": f"Part {number} broke on empty input.",
        "state": "MERGED",
        "merged": True,
        "isDraft": False,
        "url": f"https://github.com/{name}/pull/{number}",
        "createdAt": iso(opened),
        "updatedAt": iso(opened + 7200),
        "mergedAt": iso(opened + 7200),
        "closedAt": iso(opened + 7200),
        "author": _person(number),
        "authorAssociation": "MEMBER",
        "mergeCommit": {"__typename": "Commit", "oid": sha(name, number, "merge")},
        "headRefOid": sha(name, number, "head"),
        "baseRefOid": sha(name, number, "base"),
        "headRefName": f"mend-{number}",
        "baseRefName": repository.default_branch,
        "labels": [] if number % 3 else ["bug"],
        "commits": 1 + number % 3,
        "additions": 3,
        "deletions": 1,
        "changedFiles": 2,
    }


def _issue(repository: Repository, number: int) -> dict[str, Any]:
    opened = EPOCH + 1800 * (number % 100_000)
    return {
        "__typename": "Issue",
        "id": f"I_{repository.id}_{number}",
        "databaseId": repository.id * 2_000_000 + number,
        "number": number,
        "title": f"Part {number} breaks",
        "body": f"Give part {number} nothing and it breaks.",
        "state": "CLOSED",
        "closed": True,
        "url": f"https://github.com/{repository.name}/issues/{number}",
        "createdAt": iso(opened),
        "updatedAt": iso(opened),
        "closedAt": iso(opened + 3600),
        "author": _person(number + 1),
        "authorAssociation": "NONE",
        "labels": ["bug"],
    }


def _person(number: int) -> Mapping[str, str] | None:
    """Every 50th has deleted their account."""
    if number % 50 == 49:
        return None
    login = ("ada", "bo", "chen")[number % 3]
    return {"__typename": "User", "login": login, "url": f"https://github.com/{login}"}
