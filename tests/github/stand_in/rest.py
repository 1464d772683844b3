"""REST of the stand-in: the calls that we make, answered from its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.stand_in import (  # noqa: F401 - they fill ROUTES
    rest_actions,
    rest_app,
    rest_checks,
    rest_code,
    rest_issues,
    rest_repository,
    rest_runners,
)
from tests.github.stand_in.routes import ROUTES
from tests.github.stand_in.wire import Request, Response, missing

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn


def answer(github: StandIn, request: Request) -> Response:
    """Raises Problem with GitHub's error."""
    for verb, pattern, handler in ROUTES:
        match = pattern.fullmatch(request.path)
        if verb == request.verb and match:
            return handler(github, request, match)
    raise missing()
