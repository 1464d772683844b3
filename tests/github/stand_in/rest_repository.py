"""REST of the stand-in: a repository, its issues' comments and its workflows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.github.stand_in import rest_actions
from tests.github.stand_in.identity import iso
from tests.github.stand_in.repository import Repository
from tests.github.stand_in.routes import REPO, needs_app, present, repo, route
from tests.github.stand_in.wire import Problem, Request, Response, missing, page

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn

MOST_BODY = 65_536


@route("GET", REPO)
def repository(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    return Response(200, repo(github, request, match).shown())


@route("GET", f"{REPO}/installation")
def repository_installation(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    needs_app(request)
    found = github.by_name(f"{match['owner']}/{match['name']}")
    if found is None:
        raise missing()
    return Response(200, present(github, found.installation).shown(github.app_id))


@route("GET", f"{REPO}/collaborators/(?P<login>[^/]+)/permission")
def permission(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found, login = repo(github, request, match), unquote(match["login"])
    given = found.people.get(login, "read" if not found.private else "none")
    return Response(200, {"permission": given, "role_name": given, "user": {"login": login}})


@route("GET", f"{REPO}/issues/(?P<number>\\d+)/comments")
def comments(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match)
    since = request.query.get("since", "")
    rows = [c for c in found.comments if c["issue"] == int(match["number"]) and c["updated_at"] >= since]
    return page(request, github.url, [_shown(row) for row in rows])


@route("POST", f"{REPO}/issues/(?P<number>\\d+)/comments")
def comment(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found, number = repo(github, request, match, "issues", "write"), int(match["number"])
    if number not in found.issues and number not in found.pulls:
        raise missing()
    body = _text(request)
    now, id = iso(github.now()), github.next_id()
    who = {"login": "switchover[bot]", "type": "Bot"}
    row = {"id": id, "issue": number, "body": body, "created_at": now, "updated_at": now, "user": who}
    row["performed_via_github_app"] = {"id": github.app_id, "slug": "switchover"}
    row["html_url"] = f"https://github.com/{found.name}/issues/{number}#issuecomment-{id}"
    found.comments.append(row)
    return Response(201, _shown(row), {"Location": f"{github.url}/repos/{found.name}/issues/comments/{id}"})


@route("GET", f"{REPO}/issues/comments/(?P<id>\\d+)")
def one_comment(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    return Response(200, _shown(_comment(repo(github, request, match), int(match["id"]))))


@route("PATCH", f"{REPO}/issues/comments/(?P<id>\\d+)")
def edit_comment(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    row = _comment(repo(github, request, match, "issues", "write"), int(match["id"]))
    row.update(body=_text(request), updated_at=iso(github.now()))
    return Response(200, _shown(row))


@route("POST", f"{REPO}/issues/(?:(?P<on>comments)/)?(?P<id>\\d+)/reactions")
def react(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    """Idempotent, as on GitHub: the same again is a 200 with the old one."""
    found, id = repo(github, request, match, "issues", "write"), int(match["id"])
    if match["on"]:
        _comment(found, id)
    there = found.reactions.setdefault((match["on"] or "issues", id), [])
    content = request.body.get("content")
    if content not in ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"):
        raise Problem(422, "Validation Failed")
    for row in there:
        if row["content"] == content:
            return Response(200, row)
    there.append({"id": github.next_id(), "content": content, "user": {"login": "switchover[bot]"}})
    return Response(201, there[-1])


@route("POST", f"{REPO}/actions/workflows/(?P<workflow>[^/]+)/dispatches")
def dispatch(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found = repo(github, request, match, "actions", "write")
    if f".github/workflows/{match['workflow']}" not in found.files:
        raise missing()
    if len(request.body.get("inputs", {})) > 25:
        raise Problem(422, "Invalid inputs")
    url = f"{github.url}/repos/{found.name}/actions/runs/{(id := github.next_id())}"
    row = {"id": id, "event": "workflow_dispatch", "status": "queued", "conclusion": None, "url": url}
    row |= {"path": f".github/workflows/{match['workflow']}", "created_at": iso(github.now())}
    row |= {"actor": {"login": "switchover[bot]", "type": "Bot"}}
    row |= {"head_branch": request.body["ref"], "html_url": f"https://github.com/{found.name}/actions/runs/{id}"}
    row |= rest_actions.facts(found)
    found.runs.append({**row, "inputs": request.body.get("inputs", {})})
    if not request.body.get("return_run_details"):
        return Response(204)
    return Response(200, {"workflow_run_id": id, "run_url": url, "html_url": row["html_url"]})


@route("GET", f"{REPO}/actions/workflows/(?P<workflow>[^/]+)/runs")
def runs(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    """Newest first; ``event`` narrows them down."""
    found = repo(github, request, match)
    rows = [
        {k: v for k, v in row.items() if k != "inputs"}
        for row in reversed(found.runs)
        if row["path"].endswith(f"/{match['workflow']}") and row["event"] == request.query.get("event", row["event"])
    ]
    return page(request, github.url, rows, "workflow_runs")


@route("GET", f"{REPO}/actions/runs/(?P<id>\\d+)")
def run(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    for row in repo(github, request, match).runs:
        if row["id"] == int(match["id"]):
            return Response(200, {k: v for k, v in row.items() if k != "inputs"})
    raise missing()


def _comment(found: Repository, id: int) -> dict[str, Any]:
    for row in found.comments:
        if row["id"] == id:
            return row
    raise missing()


def _shown(comment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in comment.items() if name != "issue"}


def _text(request: Request) -> str:
    body = request.body.get("body")
    if not isinstance(body, str) or not body.strip():
        raise Problem(422, "Validation Failed")
    if len(body) > MOST_BODY:
        raise Problem(422, f"Body is too long (maximum is {MOST_BODY} characters)")
    return body
