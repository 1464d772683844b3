"""What becomes of a row that cannot be sent: dead with its reason, or back in the queue."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import BadCredentials
from bot.github import Forge
from bot.write import posting
from bot.write.outbox import MOST_TRIES, Sender
from bot.write.posting import Letter
from pipeline.store import Store
from tests.github.clock import Clock
from tests.github.letters import COMMENT, DISPATCH, REACTION, know, put, rows, run
from tests.github.stand_in import Repository, StandIn, faults
from tests.github.stand_in.faults import Fault


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.status(403, "Resource not accessible by integration"), "lacks the permission"),
        (faults.status(404, "Not Found"), "not found"),
        (faults.status(410, "This issue was deleted"), "gone"),
        (faults.status(422, "Validation Failed"), "Validation Failed"),
        (faults.status(403, "This installation has been suspended"), "is suspended"),
    ],
    ids=str,
)
def test_what_is_refused_is_dead_with_its_reason(
    store: Store, forge: Forge, clock: Clock, github: StandIn, fault: Fault, words: str
) -> None:
    github.fail(fault, "POST", "/comments", times=9)
    put(store, COMMENT)
    run(store, forge, clock)
    row = rows(store)["c-1"]
    assert (row["state"], row["sent_at"]) == ("dead", None)
    assert words in row["error"]
    assert sum(request.path.endswith("/comments") for request in github.requests) == 1


def test_the_observe_profile_writes_nothing(
    store: Store, forge: Forge, clock: Clock, github: StandIn, widgets: Repository
) -> None:
    github.installations[1].permissions = {"metadata": "read", "issues": "read", "contents": "read", "actions": "read"}
    put(store, COMMENT, REACTION, DISPATCH)
    run(store, forge, clock)
    assert [row["state"] for row in rows(store).values()] == ["dead"] * 3
    assert (widgets.comments, widgets.runs, widgets.reactions) == ([], [], {})


@pytest.mark.parametrize(
    ("changes", "letter", "words"),
    [
        ({"state": "removed"}, COMMENT, "acme/widgets is removed"),
        ({"state": "deleted"}, DISPATCH, "acme/widgets is deleted"),
        ({"configured": 0}, COMMENT, "no .github/switchover.yml"),
        ({"configured": 0}, REACTION, "no .github/switchover.yml"),
        ({"paused": 1}, DISPATCH, "was paused"),
        ({"id": 777, "name": "acme/other"}, posting.comment("c-1", 1, 778, 1, "x"), "778 is not known"),
    ],
    ids=str,
)
def test_nothing_is_asked_where_nothing_may_be_written(
    store: Store,
    forge: Forge,
    clock: Clock,
    github: StandIn,
    widgets: Repository,
    changes: dict[str, Any],
    letter: Letter,
    words: str,
) -> None:
    know(store, widgets, **changes)
    put(store, letter)
    run(store, forge, clock)
    row = rows(store)[letter.key]
    assert (row["state"], row["tries"]) == ("dead", 0)
    assert words in row["error"]
    assert github.requests == []


def test_a_paused_repository_still_gets_its_answers(
    store: Store, forge: Forge, clock: Clock, widgets: Repository
) -> None:
    know(store, widgets, paused=1)
    put(store, COMMENT)
    run(store, forge, clock)
    assert rows(store)["c-1"]["state"] == "sent"


def test_a_limit_is_no_try(store: Store, forge: Forge, clock: Clock, github: StandIn) -> None:
    github.fail(faults.secondary(300), "POST", "/comments")
    put(store, COMMENT)
    began = clock.now()
    run(store, forge, clock)
    row = rows(store)["c-1"]
    assert (row["state"], row["tries"]) == ("sent", 1)
    assert clock.now() - began >= 299
    assert sum(request.verb == "GET" for request in github.requests) == 0, "it cannot have been sent"


def test_it_is_given_up_in_the_end(store: Store, forge: Forge, clock: Clock, github: StandIn) -> None:
    github.fail(faults.status(503), "POST", "/comments", times=999)
    put(store, COMMENT)
    began = clock.now()
    run(store, forge, clock, steps=200)
    row = rows(store)["c-1"]
    assert (row["state"], row["tries"]) == ("dead", MOST_TRIES)
    assert row["error"].startswith(f"given up after {MOST_TRIES} tries: POST /repos/acme/widgets/issues/1/comments")
    assert 2 * 3600 < clock.now() - began < 12 * 3600


def test_a_row_that_kills_the_process_is_given_up(store: Store, forge: Forge, clock: Clock, github: StandIn) -> None:
    put(store, COMMENT)
    with store.atomic():
        store.db.execute("UPDATE outbox SET tries = ?", [MOST_TRIES])
    run(store, forge, clock)
    assert rows(store)["c-1"]["state"] == "dead"
    assert github.requests == []


def test_a_key_that_is_not_believed_costs_no_try(store: Store, clock: Clock, github: StandIn) -> None:
    put(store, COMMENT)
    with Forge.connect(github.credentials(app_id=1)) as forge, pytest.raises(BadCredentials):
        Sender(clock.now).step(store, forge)
    row = rows(store)["c-1"]
    assert (row["state"], row["tries"]) == ("waiting", 0)
    assert "does not believe" in row["error"]
    with Forge.connect(github.credentials()) as forge:
        run(store, forge, clock)
    assert rows(store)["c-1"]["state"] == "sent"


def test_a_bug_is_raised_and_counted(store: Store, forge: Forge, clock: Clock, github: StandIn) -> None:
    put(store, Letter("x-1", 1, 501, "pigeon", {}, ""))
    sender = Sender(clock.now)
    for _ in range(MOST_TRIES):
        with pytest.raises(KeyError):
            sender.step(store, forge)
        clock.sleep(5000)
    assert sender.step(store, forge) is None
    assert rows(store)["x-1"]["state"] == "dead"
