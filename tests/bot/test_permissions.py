"""The App asks for exactly what is used: held against the recorded API, the calls in our source, and the stand-in."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.collect.queries import names, query
from bot.handle.events import ACTIONS
from bot.install import permissions
from tests.github.recordings import openapi
from tests.github.stand_in import identity

BOT = Path(permissions.__file__).parents[1]


def test_observe_never_writes_and_full_writes_no_code() -> None:
    assert {grant.access for grant in permissions.GRANTS["observe"]} == {"read"}
    full = {grant.permission: grant.access for grant in permissions.GRANTS["full"]}
    assert full["contents"] == full["metadata"] == "read"
    assert not set(full) & {"administration", "workflows", "members", "secrets"}


def test_route_is_full_and_may_write_contents() -> None:
    full, route = ({g.permission: g.access for g in permissions.GRANTS[name]} for name in ("full", "route"))
    assert route == full | {"contents": "write"} and permissions.profile_of(route) == "route"
    assert permissions.EVENTS["route"] == permissions.EVENTS["full"]


@pytest.mark.parametrize("profile", permissions.PROFILES)
def test_each_permission_and_event_is_one_that_github_knows(profile: permissions.Profile) -> None:
    schema = openapi()["paths"]["/app"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    for grant in permissions.GRANTS[profile]:
        assert grant.why.endswith(".") and grant.why.count(". ") == 0, "one sentence"
        token = openapi()["paths"]["/app/installations/{installation_id}/access_tokens"]["post"]
        known = token["requestBody"]["content"]["application/json"]["schema"]["properties"]["permissions"]["properties"]
        assert grant.access in known[grant.permission]["enum"]
    assert "events" in schema["properties"]


NEEDS = {
    "check_run": "checks", "issue_comment": "issues", "issues": "issues", "pull_request": "pull_requests",
    "push": "contents", "repository": "metadata", "workflow_run": "actions",
}  # fmt: skip
"""Event to the permission without which GitHub refuses the manifest."""


@pytest.mark.parametrize("profile", permissions.PROFILES)
def test_each_event_has_the_permission_that_it_needs(profile: permissions.Profile) -> None:
    granted = {grant.permission for grant in permissions.GRANTS[profile]}
    assert {NEEDS[event] for event in permissions.EVENTS[profile]} <= granted


def test_the_manifest_is_what_github_takes() -> None:
    made = permissions.manifest("observe", "So", "https://a.dev", "https://b.dev/webhook", "http://127.0.0.1/s")
    assert made["default_permissions"] == {
        "metadata": "read", "contents": "read", "pull_requests": "read", "issues": "read",
    }  # fmt: skip
    assert made["hook_attributes"] == {"url": "https://b.dev/webhook", "active": True}
    assert made["public"] is False and "issue_comment" not in made["default_events"]
    assert json.loads(json.dumps(made)) == made


def test_what_is_missing_and_what_is_too_much() -> None:
    has = {"metadata": "read", "contents": "read", "pull_requests": "read", "issues": "write", "actions": "write"}
    assert permissions.profile_of(has) == "full"
    assert [grant.permission for grant in permissions.missing("full", has)] == ["pull_requests", "checks"]
    assert permissions.needless("full", {**has, "contents": "write", "secrets": "read"}) == [
        "contents: write", "secrets: read",
    ]  # fmt: skip
    assert permissions.profile_of({"metadata": "read"}) == "observe"


CALLS = {
    "actions": "actions", "dispatches": "actions", "runs": "actions", "issues": "issues", "contents": "contents",
    "collaborators": "metadata", "git": "contents", "compare": "contents", "pulls": "pull_requests",
    "check-runs": "checks", "commits": "checks",  # of a commit only its check runs are asked for
    "installation": None, "installations": None,
}  # fmt: skip
"""What follows /repos/OWNER/NAME in a path of ours to the permission that it takes; None: none."""

FIELDS = {
    "repository": "metadata", "pullRequests": "pull_requests", "pullRequest": "pull_requests", "issue": "issues",
    "closingIssuesReferences": "issues", "commits": "contents", "mergeCommit": "contents",
}  # fmt: skip
"""Field of GraphQL to the permission without which it is empty."""


def test_full_is_exactly_what_is_called_or_delivered() -> None:
    unknown = parts_of_paths() - set(CALLS)
    assert not unknown, f"say in CALLS which permission these calls need, and ask for it: {unknown}"
    called = {CALLS[part] for part in parts_of_paths()} - {None}
    delivered = {NEEDS[event] for event in permissions.EVENTS["full"]}
    assert called | asked() | delivered == {grant.permission for grant in permissions.GRANTS["full"]}


def test_observe_is_exactly_what_collecting_needs() -> None:
    delivered = {NEEDS[event] for event in permissions.EVENTS["observe"]}
    clone = {"contents"}
    assert asked() | clone | delivered == {grant.permission for grant in permissions.GRANTS["observe"]}


def test_every_event_that_is_handled_is_asked_for() -> None:
    unasked = {"installation", "installation_repositories", "installation_target"}
    assert set(permissions.EVENTS["full"]) == set(ACTIONS) - unasked
    assert set(permissions.EVENTS["observe"]) < set(permissions.EVENTS["full"])


def test_the_stand_in_holds_the_app_to_the_same() -> None:
    assert {grant.permission: grant.access for grant in permissions.GRANTS["full"]} == identity.FULL


def asked() -> set[str]:
    words = set(re.findall(r"\w+", " ".join(map(query, names()))))
    return {permission for field, permission in FIELDS.items() if field in words}


def parts_of_paths() -> set[str]:
    """The first part after the repository in every path of the API that our source spells out."""
    found = re.compile(r"(?:/repos/\{\}|/repositories/\{\}|^\{\})/([a-z-]+)(?=/|$)")
    files = [path for path in BOT.rglob("*.py") if path.parent.name not in ("pages", "install")]
    texts = [text for path in files for text in spelled(path)]
    return {match[1] for text in texts if (match := found.match(text))}


def spelled(path: Path) -> Iterator[str]:
    """The f-strings of a source file, with {} for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
