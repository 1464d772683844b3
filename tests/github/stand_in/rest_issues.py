"""REST of the stand-in: issues themselves, also those that were deleted or moved to another repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.github.stand_in.identity import iso
from tests.github.stand_in.repository import Repository
from tests.github.stand_in.routes import REPO, repo, route
from tests.github.stand_in.wire import Problem, Request, Response, missing, page

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn

US = {"login": "switchover[bot]", "type": "Bot"}
MOST_BODY = 65_536
REASONS = ("completed", "not_planned", "duplicate", "reopened", None)


@route("GET", f"{REPO}/issues")
def issues(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    """Pull requests among them; newest first unless asked otherwise."""
    found, asked = repo(github, request, match), request.query
    rows = [shown(github, found, row) for row in (*found.issues.values(), *found.pulls.values())]
    state = asked.get("state", "open")
    rows = [row for row in rows if state in ("all", row["state"])]
    rows = [row for row in rows if asked.get("creator") in (None, (row["user"] or {}).get("login"))]
    rows.sort(key=lambda row: (row["created_at"], row["number"]), reverse=asked.get("direction") != "asc")
    return page(request, github.url, rows)


@route("POST", f"{REPO}/issues")
def create(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "issues", "write")
    title, body = request.body.get("title"), request.body.get("body") or ""
    if not isinstance(title, str) or not title.strip() or len(title) > 256:
        raise Problem(422, "Validation Failed")
    now = iso(github.now())
    row = found.add_issue(next_number(found), title=title, body=_body(body), createdAt=now, updatedAt=now, labels=[])
    row |= {"state": "OPEN", "closed": False, "closedAt": None, "rest": {"user": US, "app": True}}
    return Response(201, shown(github, found, row))


@route("GET", f"{REPO}/issues/(?P<number>\\d+)")
def issue(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match)
    return Response(200, shown(github, found, _row(github, found, int(match["number"]))))


@route("PATCH", f"{REPO}/issues/(?P<number>\\d+)")
def edit(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "issues", "write")
    row, asked = _row(github, found, int(match["number"])), request.body
    if asked.get("state") not in (None, "open", "closed") or asked.get("state_reason") not in REASONS:
        raise Problem(422, "Validation Failed")
    row |= {"title": asked.get("title", row["title"]), "body": _body(asked.get("body", row["body"]))}
    row["updatedAt"] = iso(github.now())
    if "state" in asked:
        set_state(row, asked["state"] == "open", "switchover[bot]", asked.get("state_reason"), iso(github.now()))
    return Response(200, shown(github, found, row))


def set_state(row: dict[str, Any], is_open: bool, login: str, reason: str | None = None, at: str = "") -> None:
    """Open or close an issue as ``login``."""
    by = None if is_open else {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}
    row |= {"state": "OPEN" if is_open else "CLOSED", "closed": not is_open, "closedAt": None if is_open else at}
    row["rest"] = {**row.get("rest", {}), "closed_by": by, "reason": reason}


def next_number(found: Repository) -> int:
    return max([0, *found.issues, *found.pulls, *found.gone, *found.moved]) + 1


def shown(github: StandIn, found: Repository, row: dict[str, Any]) -> dict[str, Any]:
    """As REST shows an issue, or a pull request where issues are listed."""
    more, author, here = row.get("rest", {}), row["author"], f"{github.url}/repos/{found.name}"
    user = more.get("user") or (author and {"login": author["login"], "type": "User"})
    state = "open" if row["state"] == "OPEN" else "closed"
    told = {"id": row["databaseId"], "node_id": row["id"], "number": row["number"], "title": row["title"]}
    told |= {"body": row["body"], "state": state, "state_reason": more.get("reason"), "user": user}
    told |= {"closed_by": more.get("closed_by"), "created_at": row["createdAt"], "updated_at": row["updatedAt"]}
    told |= {"closed_at": row["closedAt"], "labels": [{"name": name} for name in row["labels"]]}
    told |= {"repository_url": here, "url": f"{here}/issues/{row['number']}", "html_url": row["url"]}
    return told | ({"pull_request": {"url": f"{here}/pulls/{row['number']}"}} if "headRefName" in row else {})


def _row(github: StandIn, found: Repository, number: int) -> dict[str, Any]:
    if number in found.gone:
        raise Problem(410, "This issue was deleted")
    if number in found.moved:
        name, there = found.moved[number]
        problem = Problem(301, "Moved Permanently")
        problem.response.headers["Location"] = f"{github.url}/repos/{name}/issues/{there}"  # type: ignore[index]
        raise problem
    row = found.issues.get(number) or found.pulls.get(number)
    if row is None:
        raise missing()
    return row


def _body(body: Any) -> str:
    if not isinstance(body, str):
        raise Problem(422, "Validation Failed")
    if len(body) > MOST_BODY:
        raise Problem(422, f"Body is too long (maximum is {MOST_BODY} characters)")
    return body
