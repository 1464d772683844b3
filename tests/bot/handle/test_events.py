"""Payloads: every recorded one is read, and no JSON at all can make the reader fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handle import events
from tests.github import recordings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["action", "installation", "repository", "id", "issue", "number", "comment", "body", "sender", "login"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("source", recordings.WEBHOOKS)
def test_every_recorded_payload_is_read(source: str) -> None:
    for name, payload in recordings.webhooks(source):
        event = events.read("g", name, json.dumps(payload).encode())
        assert (event.guid, event.name, event.action) == ("g", name, payload.get("action"))
        assert event.repo == (payload.get("repository") or {}).get("full_name")
        assert event.login == (payload.get("sender") or {}).get("login")


@pytest.mark.parametrize("source", recordings.WEBHOOKS)
def test_a_handled_payload_says_what_its_handler_needs(source: str) -> None:
    for name, payload in recordings.webhooks(source):
        if not events.handled(name, payload.get("action")):
            continue
        event = events.read("g", name, json.dumps(payload).encode())
        if name in ("pull_request", "issues", "issue_comment"):
            assert event.number and event.repo_id
        if name == "pull_request":
            assert event.merged is not None
        if name == "issue_comment":
            assert event.comment and event.text is not None and event.login and event.sender_type
        if name == "push":
            assert event.ref and event.default_branch
        if name == "workflow_run":
            assert event.run


@given(name=st.sampled_from(sorted(events.ACTIONS)), value=JSON)
def test_no_json_makes_it_fail(name: str, value: Any) -> None:
    event = events.read("g", name, json.dumps(value).encode("utf-8", "surrogatepass"))
    assert event.guid == "g"
    for id in (event.installation, event.repo_id, event.number, event.comment):
        assert id is None or 0 < id < 2**63


@given(body=st.binary(max_size=40))
def test_no_bytes_make_it_fail(body: bytes) -> None:
    assert events.read("g", "push", body).name == "push"


def test_depth_does_not_either() -> None:
    assert events.read("g", "push", b'{"a":' * 100_000).ref is None


@pytest.mark.parametrize(
    ("name", "action", "wanted"),
    [
        ("pull_request", "closed", True),
        ("pull_request", "opened", False),
        ("pull_request", None, False),
        ("push", None, True),
        ("star", "created", False),
        ("ping", None, False),
        ("issue_comment", "edited", False),
    ],
)
def test_what_is_handled(name: str, action: str | None, wanted: bool) -> None:
    assert events.handled(name, action) is wanted


@pytest.mark.parametrize(
    ("kind", "login", "bot"),
    [("Bot", "x", True), ("User", "x[bot]", True), ("User", "ann", False), (None, None, False)],
)
def test_bots_are_told_apart(kind: str | None, login: str | None, bot: bool) -> None:
    assert events.Event("g", "issue_comment", sender_type=kind, login=login).is_bot is bot
