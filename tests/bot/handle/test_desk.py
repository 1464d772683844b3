"""What becomes of a delivery whose handler cannot do its work: done with a note, later, or dead with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from bot.handle.change import Context
from bot.handle.handlers import HANDLERS
from pipeline.store import Store
from tests.bot.handle.conftest import arrive, deliver, payload, rows, settle, state_of
from tests.github.stand_in import Repository, StandIn, faults


def merged(repository: Repository) -> dict[str, Any]:
    """PR 2 of it was merged."""
    return payload(repository, "closed", pull_request={"number": 2, "merged": True})


CASES = [
    (faults.status(403, "Resource not accessible by integration"), "dead", "lacks the permission"),
    (faults.status(403, "This installation has been suspended"), "done", "is suspended"),
    (faults.status(422, "Validation Failed"), "dead", "GitHub refuses (422)"),
    (faults.status(500), "waiting", "GitHub answered 500"),
    (faults.status(429, retry_after="1000"), "waiting", "rate limit"),
    (faults.html(), "waiting", ""),
    (faults.graphql("NOT_FOUND", "Could not resolve to a PullRequest with the number of 2."), "done", "not resolve"),
]


@pytest.mark.parametrize(("fault", "state", "words"), CASES)
def test_what_becomes_of_a_delivery_when_github_says_no(
    github: StandIn, context: Context, widgets: Repository, fault: faults.Fault, state: str, words: str
) -> None:
    github.fail(fault, path="/graphql", times=99)
    found, error = deliver(context, "pull_request", merged(widgets))
    assert found == state and error and words in error and "\n" not in error
    assert not context.store.forge_pulls("acme/widgets")
    (there,) = rows(context.store, "installations")
    assert there["state"] == ("suspended" if "suspended" in words else "active")
    assert bool(there["error"]) == ("suspended" in words or "permission" in words)


def test_a_limit_is_no_try_and_is_waited_for(github: StandIn, context: Context, widgets: Repository) -> None:
    github.fail(faults.secondary(500), path="/graphql")
    deliver(context, "pull_request", merged(widgets))
    (row,) = rows(context.store, "deliveries")
    assert (row["state"], row["tries"]) == ("waiting", 0) and row["due_at"] > 0


def test_a_bug_is_tried_again_and_says_where_it_is(
    context: Context, widgets: Repository, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(HANDLERS, "push", lambda event, context: {}["a key\nthat is not there"])  # type: ignore[dict-item,index]
    state, error = deliver(context, "push", payload(widgets, ref="refs/heads/main"))
    assert state == "waiting" and error and error.startswith("KeyError at test_desk.py:")
    assert [record.getMessage().count("\n") for record in caplog.records] == [0]


def test_an_effect_that_cannot_be_written_whole_is_not_there_at_all(
    context: Context, widgets: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(event: object, context: Context) -> Any:
        def change(store: Store) -> None:
            store.change_repository(widgets.id, dirty=1)
            raise OSError(28, "No space left on device")

        return change

    monkeypatch.setitem(HANDLERS, "push", handle)
    state, _ = deliver(context, "push", payload(widgets, ref="refs/heads/main"))
    row = context.store.repository(widgets.id)
    assert state == "waiting" and row and row.dirty == 0


def test_a_delivery_whose_body_is_gone_says_so(context: Context, widgets: Repository) -> None:
    guid = arrive(context.store, "push", payload(widgets, ref="refs/heads/main"))
    context.store.db.execute("UPDATE deliveries SET body = NULL")
    settle(context)
    state, error = state_of(context.store, guid)
    assert state == "dead" and error and "--keep-days" in error
