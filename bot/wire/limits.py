"""Rate limits, as an answer of GitHub's tells them. Pure; the time is an argument.

A primary limit is a number of requests (REST) or points (GraphQL) an hour; a secondary one guards
against too many at once or too fast. Both say 403 or 429; a GraphQL answer may say it under a 200.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from bot.errors import Limited
from bot.wire.answers import Answer, Ask, said

LEAST_WAIT = 60.0
"""Seconds to wait for a secondary limit that does not say how long: GitHub asks for at least a minute."""

MOST_WAIT = 3900.0
"""Seconds after which we ask again in any case: every budget is filled up each hour."""

_WORDS = re.compile(r"rate limit|abuse detection", re.IGNORECASE)
_SECONDARY = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)
_TYPES = ("RATE_LIMITED", "RATE_LIMIT")


@dataclass(frozen=True)
class Budget:
    """What is left of one hour's allowance."""

    resource: str
    """core (REST), graphql, ..."""
    allowed: int
    remaining: int
    reset_at: int
    """When it is filled up again, in seconds since 1970 by GitHub's clock."""


def budget(headers: Mapping[str, str]) -> Budget | None:
    """From the headers of an answer (names in lower case); None where they are absent or make no sense."""
    try:
        numbers = (int(float(headers[f"x-ratelimit-{name}"])) for name in ("limit", "remaining", "reset"))
        return Budget(headers.get("x-ratelimit-resource", "core"), *numbers)
    except (KeyError, ValueError, OverflowError):
        return None


def limited(ask: Ask, answer: Answer, data: Any, now: float) -> Limited | None:
    """The limit that ``answer``, whose JSON is ``data``, tells of; None when it tells of none."""
    words = said(data)
    if not _is_limit(ask, answer, data, words):
        return None
    secondary = _is_secondary(answer, words)
    kind = "secondary" if secondary else "primary"
    wait = min(max(_wait(answer, secondary, now), 1.0), MOST_WAIT)
    clock = datetime.datetime.fromtimestamp(now + wait, datetime.UTC).strftime("%H:%M:%S UTC")
    message = f"{ask}: GitHub's {kind} rate limit for {ask.who} is reached; it opens again at {clock}"
    return Limited(message, now + wait, secondary)


def _is_limit(ask: Ask, answer: Answer, data: Any, words: str) -> bool:
    if answer.status == 429:
        return True
    if answer.status == 403:
        empty = answer.headers.get("x-ratelimit-remaining") == "0"
        return "retry-after" in answer.headers or empty or bool(_WORDS.search(words))
    if not ask.graphql or answer.status != 200 or not isinstance(data, Mapping):
        return False
    errors = [error for error in data.get("errors") or [] if isinstance(error, Mapping)]
    return any(error.get("type") in _TYPES for error in errors) or bool(errors and _WORDS.search(words))


def _is_secondary(answer: Answer, words: str) -> bool:
    """By GitHub's words; else by a wait that is asked for while the budget is not used up."""
    empty = answer.headers.get("x-ratelimit-remaining") == "0"
    return bool(_SECONDARY.search(words)) or ("retry-after" in answer.headers and not empty)


def _wait(answer: Answer, secondary: bool, now: float) -> float:
    """Seconds; the reset is compared with GitHub's own clock, since ours may be off."""
    asked = _retry_after(answer, now)
    if asked is not None:
        return asked
    left = budget(answer.headers)
    if left and (not secondary or left.remaining == 0):
        return left.reset_at + 1 - (answer.time() or now)
    return LEAST_WAIT


def _retry_after(answer: Answer, now: float) -> float | None:
    """GitHub gives seconds; a proxy in between may give a date."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return parsedate_to_datetime(value).timestamp() - (answer.time() or now)
    except ValueError:
        return None
