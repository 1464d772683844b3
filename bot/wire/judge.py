"""From an answer of GitHub's to what is to be done about it. Pure; the time is an argument.

Every answer becomes one of four: a Reply, a place to Follow, a kind of bot.errors, or, among
those, one that says when to come back (Limited). Whether to wait is for the client to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.errors import (
    BadCredentials,
    GitHubError,
    NotAccessible,
    NotFound,
    Rejected,
    Suspended,
    TooMuch,
    Unavailable,
)
from bot.wire.answers import NO_JSON, Answer, Ask, Follow, Reply, said
from bot.wire.limits import limited

CLOCK_SLACK = 60.0
"""Seconds by which the clock here may be off: our JWTs are dated a minute back, and valid for five."""

_MOVED = (301, 302, 307, 308)
_TOO_MUCH_STATUS = (502, 504)
_TOO_MUCH_TYPES = ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED", "TIMEDOUT", "TIMEOUT")
_TOO_MUCH = re.compile(r"something went wrong|timed? ?out|respond to your request in time|resource limits", re.I)
_HIDDEN_TYPES = ("NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES")


def judge(ask: Ask, answer: Answer, now: float) -> Reply | Follow | GitHubError:
    """What ``answer`` to ``ask``, received at ``now`` (seconds since 1970), means."""
    data = answer.data()
    limit = limited(ask, answer, data, now)
    if limit:
        return limit
    if answer.status < 300:
        return _done(ask, answer, data)
    if answer.status < 400:
        return _moved(ask, answer)
    if answer.status >= 500:
        return _down(ask, answer, data)
    return _refused(ask, answer, data, now)


def _done(ask: Ask, answer: Answer, data: Any) -> Reply | GitHubError:
    if data is NO_JSON:
        kind = answer.headers.get("content-type", "no content type").split(";")[0]
        return Unavailable(
            f"{ask}: the answer is not JSON ({kind}, {len(answer.text)} characters); is it GitHub's, or a proxy's?",
            sent=ask.write,
        )
    if not ask.graphql:
        return Reply(answer.status, answer.headers, data)
    return _graphql(ask, answer, data)


def _moved(ask: Ask, answer: Answer) -> Follow | GitHubError:
    location = answer.headers.get("location")
    if answer.status in _MOVED and location:
        return Follow(location, answer.status == 302)
    return Rejected(f"{ask}: unexpected answer {answer.status}; is the API's address right?")


def _down(ask: Ask, answer: Answer, data: Any) -> GitHubError:
    if ask.graphql and answer.status in _TOO_MUCH_STATUS:
        return TooMuch(f"{ask}: {answer.status}, took GitHub too long; ask for a smaller page")
    return Unavailable(f"{ask}: GitHub answered {answer.status}{_words(data)}; try again later", sent=ask.write)


def _refused(ask: Ask, answer: Answer, data: Any, now: float) -> GitHubError:
    words = said(data)
    if answer.status == 401 or "Integration not found" in words:
        return _unbelieved(ask, answer, words, now)
    if answer.status == 403:
        return _forbidden(ask, words)
    if answer.status in (404, 410, 451):
        why = {404: "not found, or not for us", 410: "gone", 451: "blocked for legal reasons"}[answer.status]
        return NotFound(f"{ask}: {why}{_words(data)}; check the name, and that the App is installed there")
    return Rejected(f"{ask}: GitHub refuses ({answer.status}){_words(data)}")


def _unbelieved(ask: Ask, answer: Answer, words: str, now: float) -> BadCredentials:
    theirs = answer.time()
    ahead = 0.0 if theirs is None else now - theirs
    because = f" ({words})" if words else ""
    if abs(ahead) > CLOCK_SLACK:
        way = "ahead of" if ahead > 0 else "behind"
        return BadCredentials(
            f"{ask}: GitHub does not believe {ask.who}{because}: the clock here is {abs(ahead):.0f} s {way} GitHub's; "
            "set it right (for example: timedatectl set-ntp true)"
        )
    remedy = "make a new token" if ask.who == "the token" else "check the App id and that its private key still exists"
    return BadCredentials(f"{ask}: GitHub does not believe {ask.who}{because}; {remedy}")


def _forbidden(ask: Ask, words: str) -> GitHubError:
    if "suspended" in words.lower():
        return Suspended(f"{ask}: {ask.who} is suspended; its owner can lift that in the App's settings on GitHub")
    if "not accessible by" in words.lower():
        return NotAccessible(
            f"{ask}: {ask.who} lacks the permission for this; the owner must grant it, or accept the App's new ones"
        )
    return NotAccessible(f"{ask}: forbidden for {ask.who}: {words or 'GitHub gives no reason'}")


def _graphql(ask: Ask, answer: Answer, data: Any) -> Reply | GitHubError:
    body = data if isinstance(data, Mapping) else {}
    found = [error for error in body.get("errors") or [] if isinstance(error, Mapping)]
    errors = [error for error in found if not _only_an_item(error)]
    if errors:
        return _graphql_error(ask, errors)
    if not isinstance(body.get("data"), Mapping):
        return Unavailable(f"{ask}: the answer has no data; try again later")
    return Reply(answer.status, answer.headers, body["data"])


def _only_an_item(error: Mapping[str, Any]) -> bool:
    """One item of a list is hidden from us: it is null there, and the rest of the answer is good."""
    path = error.get("path")
    inside = isinstance(path, list) and any(isinstance(step, int) for step in path)
    return inside and error.get("type") in _HIDDEN_TYPES


def _graphql_error(ask: Ask, errors: list[Mapping[str, Any]]) -> GitHubError:
    types = [str(error.get("type", "")).upper() for error in errors]
    words = said({"errors": errors})
    if any(kind in _TOO_MUCH_TYPES for kind in types) or _TOO_MUCH.search(words):
        return TooMuch(f"{ask}: {words}; ask for a smaller page")
    if "NOT_FOUND" in types:
        return NotFound(f"{ask}: {words}")
    if "FORBIDDEN" in types or "INSUFFICIENT_SCOPES" in types or "not accessible by" in words.lower():
        return _forbidden(ask, words)
    return Rejected(f"{ask}: GitHub refuses: {words}")


def _words(data: Any) -> str:
    words = said(data)
    return f": {words}" if words else ""
