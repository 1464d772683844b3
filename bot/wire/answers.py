"""What was asked of GitHub and what came back, as plain values. Pure; no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

_SECRET = re.compile(r"\b(?:gh[a-z]_|github_pat_)[A-Za-z0-9._-]+|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+")
"""Tokens of any length (those of installations may hold a JWT), and JWTs."""

_MOST_SAID = 300

NO_JSON = object()
"""What ``Answer.data`` gives for a body that is not JSON: a page of a proxy, or one that was cut short."""


@dataclass(frozen=True)
class Ask:
    """One request, as messages and rules see it."""

    verb: str
    path: str
    """Below the API's base, such as ``/repos/O/N``; without its query."""
    who: str = "the App"
    """On whose behalf, for messages: the App, installation 42, the token."""
    graphql: bool = False
    """A GraphQL query: a POST that changes nothing."""
    repeatable: bool = False
    """A POST that may be sent twice: a token that nobody has seen expires by itself."""

    @property
    def write(self) -> bool:
        """True for what must never be repeated blindly."""
        return self.verb not in ("GET", "HEAD") and not self.graphql and not self.repeatable

    def __str__(self) -> str:
        return "GraphQL query" if self.graphql else f"{self.verb} {self.path}"


@dataclass(frozen=True)
class Answer:
    """The raw answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    text: str

    def data(self) -> Any:
        """The body's JSON; None for an empty body, NO_JSON for one that is none."""
        if not self.text:
            return None
        try:
            return json.loads(self.text)
        except ValueError:
            return NO_JSON

    def time(self) -> float | None:
        """GitHub's clock when it answered, in seconds since 1970; None when it did not say."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True)
class Reply:
    """An answer that is what was asked for."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    data: Any
    """The body's JSON; None where there is none (204). For GraphQL what is under ``data``."""


@dataclass(frozen=True)
class Follow:
    """The thing has moved: ask the same there, once."""

    location: str
    is_elsewhere: bool = False
    """302: what is wanted lies at that address for now, perhaps on another host."""


def said(data: Any) -> str:
    """GitHub's own words in the body of an error, on one line, without secrets; "" when there are none."""
    if not isinstance(data, Mapping):
        return ""
    errors = data.get("errors")
    parts = [data.get("message"), *(_detail(error) for error in (errors if isinstance(errors, list) else []))]
    return one_line("; ".join(str(part).strip() for part in parts if part))


def one_line(text: str) -> str:
    """``text`` as one short line without tokens."""
    line = _SECRET.sub("(secret)", " ".join(text.split()))
    return line if len(line) <= _MOST_SAID else line[: _MOST_SAID - 1] + "…"


def _detail(error: Any) -> str:
    if not isinstance(error, Mapping):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("resource", "field", "code") if error.get(key))
