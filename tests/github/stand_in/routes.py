"""Which function answers which REST call, and who may ask for what."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.github.stand_in.identity import Installation
from tests.github.stand_in.repository import Repository
from tests.github.stand_in.wire import Problem, Request, Response, missing

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn

Handler = Callable[["StandIn", Request, re.Match[str]], Response]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []
REPO = r"/repos/(?P<owner>[^/]+)/(?P<name>[^/]+)"


def route(verb: str, pattern: str) -> Callable[[Handler], Handler]:
    def add(handler: Handler) -> Handler:
        ROUTES.append((verb, re.compile(pattern), handler))
        return handler

    return add


def needs_app(request: Request) -> None:
    if request.who != "app":
        raise Problem(401, "A JSON web token could not be decoded")


def present(github: StandIn, id: int) -> Installation:
    found = github.installations.get(id)
    if found is None or found.removed:
        raise missing()
    return found


def repo(github: StandIn, request: Request, match: re.Match[str], scope: str = "", level: str = "read") -> Repository:
    """The repository of the path, if ``request.who`` may see it and has the permission."""
    found = github.by_name(f"{match['owner']}/{match['name']}")
    if found is None or found not in github.visible(request.who):
        raise missing()
    if request.who.isdecimal() and scope:
        given = github.installations[int(request.who)].permissions.get(scope)
        if given not in (level, "write"):
            raise Problem(403, "Resource not accessible by integration")
    return found
