"""REST of the stand-in: check runs, and who has reacted to a comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.github.stand_in.repository import Repository
from tests.github.stand_in.routes import REPO, repo, route
from tests.github.stand_in.wire import Problem, Request, Response, missing, page

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn

MOST_TEXT = 65_535
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out")


@route("POST", f"{REPO}/check-runs")
def create(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found, asked = repo(github, request, match, "checks", "write"), request.body
    if not asked.get("name") or not re.fullmatch(r"[0-9a-f]{40}", asked.get("head_sha", "")):
        raise Problem(422, "Validation Failed")
    row = {"id": github.next_id(), "name": asked["name"], "head_sha": asked["head_sha"]}
    row |= {"external_id": asked.get("external_id"), "app": {"id": github.app_id, "slug": "switchover"}}
    found.checks.append(row)
    _change(row, asked)
    return Response(201, row)


@route("PATCH", f"{REPO}/check-runs/(?P<id>\\d+)")
def edit(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    row = _check(repo(github, request, match, "checks", "write"), int(match["id"]))
    _change(row, request.body)
    return Response(200, row)


@route("GET", f"{REPO}/commits/(?P<sha>[0-9a-f]+)/check-runs")
def checks(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    rows = [row for row in repo(github, request, match).checks if row["head_sha"] == match["sha"]]
    name = request.query.get("check_name")
    return page(request, github.url, [row for row in rows if name in (None, row["name"])], "check_runs")


@route("GET", f"{REPO}/issues/comments/(?P<id>\\d+)/reactions")
def reactions(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    found, id = repo(github, request, match), int(match["id"])
    if not any(comment["id"] == id for comment in found.comments):
        raise missing()
    return page(request, github.url, found.reactions.get(("comments", id), []))


def _change(row: dict[str, Any], asked: dict[str, Any]) -> None:
    output, actions = asked.get("output", {}), asked.get("actions", [])
    if asked.get("status") == "completed" and asked.get("conclusion") not in CONCLUSIONS:
        raise Problem(422, "Validation Failed")
    if any(len(output.get(name, "")) > MOST_TEXT for name in ("title", "summary", "text")) or len(actions) > 3:
        raise Problem(422, "Validation Failed")
    limits = {"label": 20, "description": 40, "identifier": 20}
    if any(len(action[name]) > most for action in actions for name, most in limits.items()):
        raise Problem(422, "Validation Failed")
    row |= {name: asked[name] for name in ("status", "conclusion", "output", "actions") if name in asked}


def _check(found: Repository, id: int) -> dict[str, Any]:
    for row in found.checks:
        if row["id"] == id:
            return row
    raise missing()
