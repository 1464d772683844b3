"""GraphQL of the stand-in: any query that the recorded schema allows, over plain dicts."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_ast_schema,
    execute,
    parse,
    validate,
)

from tests.github.recordings import graphql_schema
from tests.github.stand_in.repository import Repository

Row = dict[str, Any]


class Failure(Exception):
    """An error with GitHub's ``type``; as an item of a list it hides that item."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class TooLarge(Exception):
    """A page above what the stand-in allows."""


@functools.cache
def schema() -> GraphQLSchema:
    return build_ast_schema(parse(graphql_schema(), no_location=True), assume_valid=True, assume_valid_sdl=True)


@functools.lru_cache(maxsize=64)
def checked(text: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """The document, and what is wrong with it by GitHub's schema."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, [error]
    return document, validate(schema(), document)


def answer(text: str, variables: Row, root: Row) -> Row:
    """Body of the answer; raises TooLarge where a resolver did."""
    document, wrong = checked(text)
    if wrong or document is None:
        return {"errors": [{"message": error.message, "extensions": {"code": "invalid"}} for error in wrong]}
    result = execute(schema(), document, root, variable_values=variables)
    assert isinstance(result, ExecutionResult)
    for error in result.errors or []:
        if isinstance(error.original_error, TooLarge):
            raise error.original_error
    body: Row = {"data": result.data}
    return {**body, "errors": [_shown(error) for error in result.errors]} if result.errors else body


def _shown(error: GraphQLError) -> Row:
    kind = getattr(error.original_error, "kind", None)
    shown = {"message": error.message, "path": error.path, "locations": [{"line": 1, "column": 1}]}
    return {"type": kind, **shown} if kind else shown


def root(
    find: Callable[[str], Repository | None], all_visible: list[Repository], rate: Row, largest: int | None
) -> Row:
    """``find`` a repository by owner/name, renames followed; ``largest`` page of pull requests, None: any."""

    def repository(_info: Any, owner: str, name: str, **_: Any) -> Row:
        found = find(f"{owner}/{name}")
        if found is None:
            raise Failure("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return _repository(found, largest)

    def node(_info: Any, id: str) -> Row:
        for each in all_visible:
            if id == f"R_{each.id}":
                return _repository(each, largest)
            for row in (*each.pulls.values(), *each.issues.values()):
                if row["id"] == id:
                    return _thing(each, row)
        raise Failure("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'")

    return {
        "repository": repository,
        "node": node,
        "nodes": lambda info, ids: [node(info, id) for id in ids],
        "rateLimit": rate,
        "viewer": {"__typename": "User", "login": "switchover[bot]"},
    }


def _repository(found: Repository, largest: int | None) -> Row:
    owner, name = found.name.split("/")

    def pulls(_info: Any, first: int | None = None, **arguments: Any) -> Row:
        if largest is not None and (first or 0) > largest:
            raise TooLarge
        return _things(found, list(found.pulls.values()), first, **arguments)

    def one(rows: dict[int, Row], kind: str, number: int) -> Row:
        if number not in rows:
            raise Failure("NOT_FOUND", f"Could not resolve to {kind} with the number of {number}.")
        return _thing(found, rows[number])

    def content(_info: Any, expression: str | None = None, oid: str | None = None) -> Row | None:
        text = found.files.get((expression or "").partition(":")[2])
        return None if text is None else {"__typename": "Blob", "text": text, "byteSize": len(text.encode())}

    return {
        "__typename": "Repository",
        "id": f"R_{found.id}",
        "databaseId": found.id,
        "name": name,
        "nameWithOwner": found.name,
        "owner": {"__typename": "Organization", "login": owner},
        "isPrivate": found.private,
        "isArchived": False,
        "isFork": False,
        "url": f"https://github.com/{found.name}",
        "defaultBranchRef": {"name": found.default_branch, "target": {"__typename": "Commit", "oid": "0" * 40}},
        "object": content,
        "pullRequests": pulls,
        "pullRequest": lambda _info, number: one(found.pulls, "a PullRequest", number),
        "issues": lambda _info, first=None, **rest: _things(found, list(found.issues.values()), first, **rest),
        "issue": lambda _info, number: one(found.issues, "an Issue", number),
        "issueOrPullRequest": lambda _info, number: one(
            {**found.issues, **found.pulls}, "an issue or pull request", number
        ),
    }


def _thing(found: Repository, row: Row) -> Row:
    """A pull request or issue with its connections."""

    def labels(_info: Any, first: int | None = None, **_: Any) -> Row:
        return _connection([{"name": name, "id": name, "color": "ededed"} for name in row["labels"]], first)

    def closing(_info: Any, first: int | None = None, after: str | None = None, **_: Any) -> Row:
        return _connection([_linked(found, number) for number in row["closes"]], first, after)

    def nothing(_info: Any, first: int | None = None, **_: Any) -> Row:
        return _connection([], first)

    shown = {**row, "labels": labels, "bodyText": row["body"], "comments": nothing, "timelineItems": nothing}
    shown["repository"] = lambda _info: _repository(found, None)
    if row["__typename"] == "PullRequest":
        shown.update(closingIssuesReferences=closing, reviews=nothing, files=nothing)
        shown["commits"] = lambda _info, **_: {"totalCount": row["commits"], "nodes": []}
    return shown


def _linked(found: Repository, number: int) -> Row | Failure:
    if number not in found.issues:
        return Failure("FORBIDDEN", "Resource not accessible by integration")
    return _thing(found, found.issues[number])


_FIELDS = {"CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt"}


def _things(
    found: Repository,
    rows: list[Row],
    first: int | None,
    after: str | None = None,
    states: list[str] | None = None,
    orderBy: Row | None = None,
    **_: Any,
) -> Row:
    """Cursors hold the sort key, as GitHub's do: what changes between two pages moves in the order."""
    order = orderBy or {"field": "CREATED_AT", "direction": "ASC"}
    field, down = _FIELDS[order["field"]], order["direction"] == "DESC"

    key = itemgetter(field, "number")
    rows = sorted((row for row in rows if not states or row["state"] in states), key=key, reverse=down)
    total = len(rows)
    if after:
        last = tuple(json.loads(base64.b64decode(after)))
        rows = [row for row in rows if (key(row) < last if down else key(row) > last)]
    chosen = rows[:first]
    cursors = [base64.b64encode(json.dumps(key(row)).encode()).decode() for row in chosen]
    shown = [_thing(found, row) for row in chosen]
    return _page(shown, cursors, total, more=len(rows) > len(chosen), earlier=bool(after))


def _connection(nodes: list[Any], first: int | None, after: str | None = None) -> Row:
    start = int(after) if after else 0
    stop = len(nodes) if first is None else start + first
    chosen = nodes[start:stop]
    cursors = [str(start + index + 1) for index in range(len(chosen))]
    return _page(chosen, cursors, len(nodes), more=stop < len(nodes), earlier=start > 0)


def _page(nodes: list[Any], cursors: list[str], total: int, more: bool, earlier: bool) -> Row:
    ends = {"startCursor": cursors[0] if cursors else None, "endCursor": cursors[-1] if cursors else None}
    return {
        "totalCount": total,
        "nodes": nodes,
        "edges": [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, nodes, strict=True)],
        "pageInfo": {**ends, "hasNextPage": more, "hasPreviousPage": earlier},
    }
