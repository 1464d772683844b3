"""What the App asks for on GitHub, and why: the one list behind the manifest, the pages, ``doctor`` and the docs.

Three profiles: *observe* reads and never writes anything; *full* also answers; *route* also opens the
pull request that changes who serves the team, the one thing that takes writing contents. Left out on
purpose: administration, workflows, members, secrets. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Profile = Literal["observe", "full", "route"]
Access = Literal["read", "write"]

PROFILES: tuple[Profile, ...] = get_args(Profile)

SUMMARIES: dict[Profile, str] = {
    "observe": "Reads only: collects and shows. Never comments, never starts a workflow.",
    "full": "Also answers commands, comments, sets checks and starts workflows, "
    "in repositories that have a .github/switchover.yml.",
    "route": "Does all of full, and opens the pull request that sets serve.route when a person with write access asks.",
}

MOST_NAME = 34
"""Characters in an App's name."""


@dataclass(frozen=True)
class Grant:
    """One permission of a repository."""

    permission: str
    """As the API names it."""
    access: Access
    why: str
    """One sentence for the person who grants it."""

    @property
    def title(self) -> str:
        """As GitHub's pages name it."""
        return self.permission.replace("_", " ").capitalize()


_SHARED = (
    Grant("metadata", "read", "Lists the repositories and tells who may write in them; every App has it."),
    Grant("contents", "read", "Clones the repository and reads .github/switchover.yml; nothing is ever pushed."),
)

_ANSWERS = (
    Grant("pull_requests", "write", "Collects merged pull requests, and keeps one comment with the result on each."),
    Grant(
        "issues",
        "write",
        "Reads the issues that pull requests close, answers commands, and keeps one issue on the transition.",
    ),
    Grant("checks", "write", "Shows each result as a check, with a button to run it again."),
    Grant("actions", "write", "Starts and cancels the workflows that train and evaluate, and reads their results."),
)

GRANTS: dict[Profile, tuple[Grant, ...]] = {
    "observe": (
        *_SHARED,
        Grant("pull_requests", "read", "Collects merged pull requests with their labels and the issues they close."),
        Grant("issues", "read", "Reads the issues that pull requests close: the tasks are made from their text."),
    ),
    "full": (*_SHARED, *_ANSWERS),
    "route": (
        _SHARED[0],
        Grant(
            "contents",
            "write",
            "Writes .github/switchover.yml on a branch of its own, and no other file.",
        ),
        *_ANSWERS,
    ),
}

_FULL = ("check_run", "issue_comment", "issues", "pull_request", "push", "repository", "workflow_run")

EVENTS: dict[Profile, tuple[str, ...]] = {
    "observe": ("issues", "pull_request", "push", "repository"),
    "full": _FULL,
    "route": _FULL,
}
"""What GitHub delivers; the events on installations come without being asked for.

But for ``installation_target`` (an account was renamed), which not every GitHub knows and which may be
ticked by hand: without it, the daily sync finds the new names.
"""


def manifest(profile: Profile, name: str, url: str, webhook_url: str, redirect_url: str) -> dict[str, Any]:
    """The description from which GitHub makes the App when a person presses the button.

    ``url`` is the App's home page, ``webhook_url`` takes the deliveries, ``redirect_url`` is where
    GitHub sends the browser with the code. The App is private: only its owner can install it.
    """
    return {
        "name": name,
        "url": url,
        "description": "Tells the day on which a model trained on this code is the better choice. "
        + SUMMARIES[profile],
        "public": False,
        "hook_attributes": {"url": webhook_url, "active": True},
        "redirect_url": redirect_url,
        "default_permissions": {grant.permission: grant.access for grant in GRANTS[profile]},
        "default_events": list(EVENTS[profile]),
    }


def profile_of(permissions: Mapping[str, str]) -> Profile:
    """The profile that an App with these permissions was made for: route where it may write contents, else full
    as soon as it may write anything."""
    if permissions.get("contents") == "write":
        return "route"
    return "full" if any(access != "read" for access in permissions.values()) else "observe"


def missing(profile: Profile, granted: Mapping[str, str]) -> Iterator[Grant]:
    """The grants of ``profile`` that ``granted`` (permission to access) lacks, or has for reading only."""
    for grant in GRANTS[profile]:
        has = granted.get(grant.permission)
        if has is None or (grant.access == "write" and has == "read"):
            yield grant


def needless(profile: Profile, granted: Mapping[str, str]) -> list[str]:
    """What is granted beyond ``profile``, as ``permission: access``."""
    asked = {grant.permission: grant.access for grant in GRANTS[profile]}
    return sorted(f"{name}: {access}" for name, access in granted.items() if asked.get(name) not in (access, "write"))


def rows() -> list[dict[str, str]]:
    """A row for each permission: its ``title``, the access in each profile (– for none), and ``why``."""
    found = []
    for grant in GRANTS["full"]:
        asked: dict[str, str] = {profile: _access(profile, grant.permission) for profile in PROFILES}
        found.append({"title": grant.title, **asked, "why": _why(grant)})
    return found


def _why(grant: Grant) -> str:
    """With what *route* needs it for besides."""
    more = [other.why for other in GRANTS["route"] if other.permission == grant.permission and other.why != grant.why]
    return " ".join([grant.why, *(f"Route: {why}" for why in more)])


def _access(profile: Profile, permission: str) -> str:
    return next((grant.access for grant in GRANTS[profile] if grant.permission == permission), "–")


def table() -> str:
    """The grants of all profiles as Markdown, for the docs."""
    head = ["| permission | observe | full | route | why |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row.values())} |" for row in rows())])
