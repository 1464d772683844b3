"""What the App asks for on GitHub, and why: the one list behind the manifest, the pages, ``doctor`` and the docs.

Two profiles: *observe* reads and never writes anything; *full* also answers. Left out on purpose:
writing contents, administration, workflows, members, secrets. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Profile = Literal["observe", "full"]
Access = Literal["read", "write"]

PROFILES: tuple[Profile, ...] = get_args(Profile)

SUMMARIES: dict[Profile, str] = {
    "observe": "Reads only: collects and shows. Never comments, never starts a workflow.",
    "full": "Also answers commands, comments, sets checks and starts workflows, "
    "in repositories that have a .github/switchover.yml.",
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

GRANTS: dict[Profile, tuple[Grant, ...]] = {
    "observe": (
        *_SHARED,
        Grant("pull_requests", "read", "Collects merged pull requests with their labels and the issues they close."),
        Grant("issues", "read", "Reads the issues that pull requests close: the tasks are made from their text."),
    ),
    "full": (
        *_SHARED,
        Grant(
            "pull_requests", "write", "Collects merged pull requests, and keeps one comment with the result on each."
        ),
        Grant(
            "issues", "write", "Reads the issues that pull requests close, and answers commands written in comments."
        ),
        Grant("checks", "write", "Shows each result as a check, with a button to run it again."),
        Grant("actions", "write", "Starts and cancels the workflows that train and evaluate, and reads their results."),
    ),
}

EVENTS: dict[Profile, tuple[str, ...]] = {
    "observe": ("issues", "pull_request", "push", "repository"),
    "full": ("check_run", "issue_comment", "issues", "pull_request", "push", "repository", "workflow_run"),
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
    """The profile that an App with these permissions was made for: full as soon as it may write."""
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


def table() -> str:
    """The grants of both profiles as Markdown, for the docs."""
    rows = ["| permission | observe | full | why |", "|---|---|---|---|"]
    observe = {grant.permission: grant.access for grant in GRANTS["observe"]}
    for grant in GRANTS["full"]:
        rows.append(f"| {grant.title} | {observe.get(grant.permission, '–')} | {grant.access} | {grant.why} |")
    return "\n".join(rows)
