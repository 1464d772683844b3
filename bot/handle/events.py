"""From the raw body of a delivery to what a handler needs of it. Pure; never raises for odd content.

A payload is only a hint of what to look at: handlers read the truth from the API. So nothing is
checked here beyond the types; what is missing or odd is None.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pipeline.config import DEFAULT_PATH

ACTIONS: dict[str, frozenset[str] | None] = {
    "pull_request": frozenset({"closed", "edited", "labeled", "unlabeled"}),
    "issues": frozenset({"opened", "edited", "closed", "reopened", "labeled", "unlabeled", "transferred", "deleted"}),
    "issue_comment": frozenset({"created"}),
    "installation": frozenset({"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted", "sync"}),
    "installation_repositories": frozenset({"added", "removed"}),
    "installation_target": frozenset({"renamed"}),
    "repository": frozenset(
        {"renamed", "transferred", "deleted", "edited", "archived", "unarchived", "privatized", "publicized"}
    ),
    "workflow_run": frozenset({"completed"}),
    "check_run": frozenset({"rerequested", "requested_action"}),
    "push": None,
}
"""Event to its actions that a handler wants; None: the event has no action, and is always wanted.

``installation.sync`` is of our own making (see bot.handle.sync).
"""

HANDLED = frozenset(
    name if action is None else f"{name}.{action}" for name, actions in ACTIONS.items() for action in actions or [None]
)
"""The same as a flat set: ``event.action``, or ``event`` alone where it has no action."""

_LARGEST = 2**63 - 1

CONFIG = DEFAULT_PATH.as_posix()
_TOUCHED = ("added", "modified", "removed")


@dataclass(frozen=True)
class Event:
    """What one delivery says, as far as somebody here wants to know. None: not said, or of another type."""

    guid: str
    name: str
    action: str | None = None
    installation: int | None = None
    account: str | None = None
    """Login of the user or organization that the installation belongs to."""
    repo_id: int | None = None
    repo: str | None = None
    """``owner/name`` at the time of the event."""
    number: int | None = None
    """Of the issue or pull request."""
    login: str | None = None
    """Who caused the event."""
    sender_type: str | None = None
    """User, Bot or Organization."""
    merged: bool | None = None
    is_pull: bool = False
    """The comment is on a pull request."""
    comment: int | None = None
    """The comment's id."""
    text: str | None = None
    """The comment's body."""
    label: str | None = None
    """The label that was put on or taken off."""
    body: str | None = None
    """The issue's text after the event."""
    body_was: str | None = None
    """The issue's text before it was edited; None where something else was."""
    ref: str | None = None
    """``refs/heads/...`` of a push."""
    head: str | None = None
    """The commit that a push ends with."""
    is_of_config: bool = False
    """A commit of the push changes ``.github/switchover.yml``."""
    default_branch: str | None = None
    run: int | None = None
    """The workflow run's id."""
    conclusion: str | None = None
    """The workflow run's: success, failure, cancelled, ..."""
    path: str | None = None
    """Of the workflow run's file, such as ``.github/workflows/tests.yml``."""
    check: str | None = None
    """The check run's external id, which we have given it."""

    @property
    def is_bot(self) -> bool:
        """True for Apps, our own among them: they are never obeyed, or two bots could talk for ever."""
        return self.sender_type == "Bot" or (self.login or "").endswith("[bot]")


def handled(name: str, action: str | None) -> bool:
    """True when a handler wants this event."""
    return name in HANDLED or f"{name}.{action}" in HANDLED


def read(guid: str, name: str, body: bytes) -> Event:
    """The event in ``body``; one without content where the body is no JSON object."""
    payload = _payload(body)
    return Event(
        guid=guid,
        name=name,
        action=_text(payload, "action"),
        installation=_number(payload, "installation", "id"),
        account=_text(payload, "installation", "account", "login"),
        repo_id=_number(payload, "repository", "id"),
        repo=_text(payload, "repository", "full_name"),
        number=_number(payload, "pull_request", "number") or _number(payload, "issue", "number"),
        login=_text(payload, "sender", "login"),
        sender_type=_text(payload, "sender", "type"),
        merged=_bool(payload, "pull_request", "merged"),
        is_pull=isinstance(_at(payload, "issue", "pull_request"), dict),
        comment=_number(payload, "comment", "id"),
        text=_text(payload, "comment", "body"),
        label=_text(payload, "label", "name"),
        body=_text(payload, "issue", "body"),
        body_was=_text(payload, "changes", "body", "from"),
        ref=_text(payload, "ref"),
        head=_text(payload, "after"),
        is_of_config=_is_of_config(payload),
        default_branch=_text(payload, "repository", "default_branch"),
        run=_number(payload, "workflow_run", "id"),
        conclusion=_text(payload, "workflow_run", "conclusion"),
        path=_text(payload, "workflow_run", "path"),
        check=_text(payload, "check_run", "external_id"),
    )


def _payload(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _is_of_config(payload: Any) -> bool:
    commits = _at(payload, "commits")
    paths = (_at(commit, kind) for commit in (commits if isinstance(commits, list) else ()) for kind in _TOUCHED)
    return any(isinstance(listed, list) and CONFIG in listed for listed in paths)


def _at(value: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _text(payload: Any, *path: str) -> str | None:
    value = _at(payload, *path)
    return value if isinstance(value, str) else None


def _number(payload: Any, *path: str) -> int | None:
    """A positive whole number that the database can hold."""
    value = _at(payload, *path)
    return value if type(value) is int and 0 < value <= _LARGEST else None


def _bool(payload: Any, *path: str) -> bool | None:
    value = _at(payload, *path)
    return value if isinstance(value, bool) else None
