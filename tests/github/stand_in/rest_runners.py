"""REST of the stand-in: self-hosted runners of a repository and of its organization."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.github.stand_in.routes import REPO, repo, route
from tests.github.stand_in.wire import Problem, Request, Response, missing, page

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn

ADMIN = "Resource not accessible by personal access token"


@route("GET", f"{REPO}/actions/runners")
def of_repository(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    """For administrators alone: whoever else asks is told that it is forbidden."""
    found = repo(github, request, match)
    return _listed(github, request, found.name)


@route("GET", r"/orgs/(?P<org>[^/]+)/actions/runners")
def of_organization(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    if not any(each.name.split("/")[0] == match["org"] for each in github.repositories):
        raise missing()
    return _listed(github, request, match["org"])


def _listed(github: StandIn, request: Request, of: str) -> Response:
    if of not in github.runners:
        raise Problem(403, ADMIN)
    return page(request, github.url, github.runners[of], "runners")


def runner(id: int, *labels: str, online: bool = True, busy: bool = False) -> dict[str, Any]:
    """One as REST shows it, called ``box-ID``."""
    shown: Sequence[dict[str, Any]] = [
        {"id": place, "name": name, "type": "custom"} for place, name in enumerate(labels)
    ]
    state = "online" if online else "offline"
    return {"id": id, "name": f"box-{id}", "os": "linux", "status": state, "busy": busy, "labels": shown}
