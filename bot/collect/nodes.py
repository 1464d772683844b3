"""From what GitHub's GraphQL API tells of pull requests and issues to our nouns. Pure; no I/O.

Whatever people wrote is redacted here, before anything else sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.errors import Unavailable
from pipeline.collect.payloads import storable
from pipeline.collect.redact import redact
from pipeline.types import ForgePull, Issue

GHOST = "ghost"
"""What GitHub shows in place of an account that was deleted."""

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """A merged pull request and the issues of the same repository that it closed."""

    pull: ForgePull
    issues: tuple[Issue, ...]
    more: str | None = None
    """Where the list of closed issues goes on; None: it is whole."""

    def with_issues(self, issues: Sequence[Issue], more: str | None) -> Told:
        """With more closed issues, and where their list goes on."""
        numbers = tuple(dict.fromkeys([*self.pull.closes, *(issue.number for issue in issues)]))
        return Told(replace(self.pull, closes=numbers), (*self.issues, *issues), more)


@dataclass(frozen=True)
class Page:
    """One page of pull requests."""

    told: tuple[Told, ...]
    listed: tuple[tuple[int, str], ...]
    """Number and ``updated_at`` of all that came, in order."""
    cursor: str | None
    """After the last one that came, or where GitHub says that the page ends; None: nowhere."""
    more: bool
    total: int


@dataclass(frozen=True)
class Reader:
    """Reads nodes of one repository."""

    repo_id: int
    name: str
    redacting: bool = True

    def page(self, connection: Node) -> Page:
        """A page of pull requests. One that is hidden from us is null in it, and left out. Raises Unavailable."""
        edges = [edge for edge in _list(connection, "edges") if edge]
        nodes = [edge["node"] for edge in edges if edge.get("node")]
        cursors = [edge["cursor"] for edge in edges] or [_at(connection, "pageInfo", "endCursor")]
        return Page(
            told=tuple(self.told(node) for node in nodes if node.get("mergedAt")),
            listed=tuple((node["number"], node["updatedAt"]) for node in nodes),
            cursor=cursors[-1],
            more=bool(_at(connection, "pageInfo", "hasNextPage")),
            total=int(connection.get("totalCount") or 0),
        )

    def told(self, node: Node) -> Told:
        """A merged pull request. Raises Unavailable for a node without the fields that were asked for."""
        try:
            return self._told(node)
        except (KeyError, TypeError) as error:
            number = node.get("number", "?")
            raise Unavailable(f"{self.name}#{number}: the answer lacks {error}; try again later") from None

    def issues(self, connection: Node) -> tuple[tuple[Issue, ...], str | None]:
        """A page of closed issues, those of other repositories left out; and where the list goes on."""
        nodes = [node for node in _list(connection, "nodes") if node]  # null: in a repository that we may not see
        ours = [node for node in nodes if _at(node, "repository", "databaseId") == self.repo_id]
        more = _at(connection, "pageInfo", "hasNextPage")
        return tuple(map(self._issue, ours)), _at(connection, "pageInfo", "endCursor") if more else None

    def _told(self, node: Node) -> Told:
        issues, more = self.issues(node["closingIssuesReferences"])
        pull = ForgePull(
            number=node["number"],
            title=self._text(node["title"]),
            body=self._text(node["body"]),
            author=author(node),
            created_at=node["createdAt"],
            merged_at=node["mergedAt"],
            updated_at=node["updatedAt"],
            merge_sha=_at(node, "mergeCommit", "oid"),
            head_sha=node.get("headRefOid"),
            head_branch=storable(node["headRefName"]),
            base_branch=storable(node["baseRefName"]),
            commits=_at(node, "commits", "totalCount"),
            labels=tuple(storable(label["name"]) for label in _list(node["labels"] or {}, "nodes") if label),
            closes=tuple(issue.number for issue in issues),
        )
        return Told(pull, issues, more)

    def _issue(self, node: Node) -> Issue:
        title, body = self._text(node["title"]), self._text(node["body"])
        return Issue(self.name, node["number"], title, body, author(node), node["createdAt"])

    def _text(self, value: Any) -> str:
        text = storable(value)
        return redact(text) if self.redacting else text


def author(node: Node) -> str:
    """Login of whoever opened it. GraphQL calls a program "renovate" that REST calls "renovate[bot]"."""
    who = node.get("author")
    if not who or not who.get("login"):
        return GHOST
    login = storable(who["login"])
    return f"{login}[bot]" if who.get("__typename") == "Bot" and not login.endswith("[bot]") else login


def _list(connection: Node, name: str) -> list[Any]:
    found = connection.get(name)
    return list(found) if isinstance(found, Sequence) and not isinstance(found, str) else []


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
