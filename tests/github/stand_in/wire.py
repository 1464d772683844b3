"""A request and a response of the stand-in, and its pages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass(frozen=True)
class Request:
    """As it came, less the value of Authorization."""

    verb: str
    path: str
    """Without the API's prefix and without the query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case; of Authorization only its scheme."""
    body: Any
    """The JSON, or None."""
    who: str = ""
    """app, token, or the installation's id; "" when nobody was recognised."""
    at: float = 0.0
    """Monotonic seconds."""


@dataclass(frozen=True)
class Response:
    status: int = 200
    data: Any = None
    """Sent as JSON; bytes as they are; None: no body."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.data is None:
            return b""
        return self.data if isinstance(self.data, bytes) else json.dumps(self.data).encode()


class Problem(Exception):
    """Ends a request with GitHub's words."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.response = Response(status, {"message": message, "documentation_url": ""}, headers)


def missing() -> Problem:
    return Problem(404, "Not Found")


def page(request: Request, base: str, items: list[Any], key: str | None = None) -> Response:
    """The asked page of ``items`` with its Link header, as GitHub cuts them."""
    size = min(int(request.query.get("per_page", "30")), 100)
    number = int(request.query.get("page", "1"))
    found = items[(number - 1) * size : number * size]
    last = max(1, -(-len(items) // size))
    links = {}
    if number < last:
        links = {"next": number + 1, "last": last}
    headers = {"Link": link(request, base, "page", links)} if links else {}
    return Response(200, {"total_count": len(items), key: found} if key else found, headers)


def link(request: Request, base: str, name: str, values: Mapping[str, Any]) -> str:
    def url(value: Any) -> str:
        return f"{base}{request.path}?{urlencode({**request.query, name: value})}"

    return ", ".join(f'<{url(value)}>; rel="{rel}"' for rel, value in values.items())


def parse(verb: str, target: str, headers: Mapping[str, str], body: bytes, prefix: str, at: float) -> Request:
    parts = urlsplit(target)
    path = parts.path.removeprefix(prefix)
    path = re.sub(r"^/api(?=/graphql$)", "", path)
    seen = {**headers, "authorization": headers["authorization"].split()[0]} if "authorization" in headers else headers
    return Request(verb, path, dict(parse_qsl(parts.query)), seen, json.loads(body) if body else None, at=at)
