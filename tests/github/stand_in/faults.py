"""What may go wrong between us and GitHub. Each is a value for ``StandIn.fail``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.github.stand_in.wire import Request, Response


@dataclass(frozen=True)
class Fault:
    """Nothing is done, and ``response`` is the answer; without one the connection is reset."""

    response: Response | None = None
    before: bool = True
    """False: the request is carried out first, and only its answer is lost or replaced."""
    cut: int = 0
    """Bytes that the body is short of its Content-Length, before the connection closes."""
    seconds: float = 0.0
    """Slept first; with neither response nor reset the true answer follows."""
    reset: bool = False

    def __str__(self) -> str:
        """A short name, for the ids of tests."""
        if self.response:
            what = f"{self.response.status} {self.response.body()[:40].decode()}"
        else:
            what = "reset" if self.reset else f"cut by {self.cut}" if self.cut else f"{self.seconds} s late"
        return what if self.before else f"done, {what}"


@dataclass
class Rule:
    """A fault, for which requests and how often."""

    fault: Fault
    verb: str | None
    path: str
    """Must occur in the request's path."""
    times: float
    when: Callable[[Request], bool] = field(default=lambda _request: True)

    def hits(self, request: Request) -> bool:
        wanted = self.verb in (None, request.verb) and self.path in request.path
        if self.times <= 0 or not wanted or not self.when(request):
            return False
        self.times -= 1
        return True


def status(code: int, message: str = "", **headers: str) -> Fault:
    """An error with GitHub's JSON; ``headers`` with _ for -: retry_after="3"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(Response(code, {"message": message or f"status {code}"}, named))


def html(code: int = 502) -> Fault:
    """The page with the unicorn."""
    text = b"<!DOCTYPE html><html><head><title>Unicorn!</title></head><body>GitHub</body></html>"
    return Fault(Response(code, text, {"Content-Type": "text/html; charset=utf-8"}))


def secondary(retry_after: int | None = 60) -> Fault:
    words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Fault(Response(403, {"message": words}, {} if retry_after is None else {"Retry-After": str(retry_after)}))


def graphql(kind: str, message: str = "", data: Any = None, path: list[Any] | None = None) -> Fault:
    """A 200 with one error of that type: RATE_LIMITED, RESOURCE_LIMITS_EXCEEDED, NOT_FOUND, ..."""
    error: dict[str, Any] = {"type": kind, "message": message or kind.lower().replace("_", " ")}
    return Fault(Response(200, {"data": data, "errors": [{**error, "path": path} if path else error]}))


def invalid_json() -> Fault:
    return Fault(Response(200, json.dumps({"data": "x" * 100}).encode()[:50]))


def no_content() -> Fault:
    """It is done, and the answer is a bare 204."""
    return Fault(Response(204), before=False)


def redirect(code: int, location: str) -> Fault:
    return Fault(Response(code, {"message": "Moved", "url": location}, {"Location": location}))


def truncated(by: int = 10) -> Fault:
    """The true answer, without its last bytes."""
    return Fault(before=False, cut=by)


def reset() -> Fault:
    """The connection closes before anything is done."""
    return Fault(reset=True)


def lost_answer() -> Fault:
    """It is done, and the connection closes instead of an answer."""
    return Fault(before=False, reset=True)


def slow(seconds: float) -> Fault:
    """The true answer, late."""
    return Fault(before=False, seconds=seconds)


def instead(code: int) -> Fault:
    """It is done, and the answer is an error all the same: 502 after the comment was stored."""
    return Fault(Response(code, {"message": f"status {code}"}), before=False)
