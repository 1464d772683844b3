"""The deliveries table: who may claim what, what a failure does, and that nothing is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.handle.events import HANDLED
from bot.receive import deliveries, inbox, webhook
from pipeline.errors import InputError
from pipeline.store import Store

BODY = json.dumps({"action": "closed"}).encode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "a.db") as opened:
        yield opened


def put(store: Store, guid: str, event: str = "push", action: str | None = None, **changed: int | None) -> None:
    where = {"installation": 1, "repo_id": 10, **changed}
    with store.atomic():
        row = webhook.Arrival(guid, event, action, where["installation"], where["repo_id"], BODY)
        assert inbox.insert(store.db.conn, [row]) == 1


def row(store: Store, guid: str) -> dict[str, Any]:
    return next(iter(store.db.query("SELECT * FROM deliveries WHERE guid = ?", [guid])))


def guids(claimed: list[deliveries.Delivery]) -> list[str]:
    return [delivery.guid for delivery in claimed]


def finish(store: Store, delivery: deliveries.Delivery, note: str | None = None) -> None:
    with store.atomic():
        deliveries.done(store, delivery, note)


def test_the_oldest_is_claimed_first_and_once(store: Store) -> None:
    for guid in "abc":
        put(store, guid, repo_id=None, installation=ord(guid))
    claimed = deliveries.claim(store, 2)
    assert guids(claimed) == ["a", "b"] and claimed[0].body == BODY and claimed[0].tries == 1
    assert guids(deliveries.claim(store, 9)) == ["c"]
    assert deliveries.claim(store, 9) == []


def test_one_repository_is_one_threads_work(store: Store) -> None:
    for guid, repo in (("a", 10), ("b", 10), ("c", 11)):
        put(store, guid, repo_id=repo)
    (first,) = deliveries.claim(store, 1)
    assert guids(deliveries.claim(store, 9)) == ["c"]
    finish(store, first)
    assert guids(deliveries.claim(store, 9)) == ["b"]


def test_what_concerns_an_installation_is_done_alone_and_in_its_turn(store: Store) -> None:
    put(store, "repo")
    put(store, "whole", "installation", "created", repo_id=None)
    put(store, "later", repo_id=11)
    put(store, "elsewhere", installation=2, repo_id=12)
    (first,) = deliveries.claim(store, 1)
    assert guids(deliveries.claim(store, 9)) == ["elsewhere"]
    finish(store, first)
    (whole,) = deliveries.claim(store, 1)
    assert whole.guid == "whole" and deliveries.claim(store, 9) == []
    finish(store, whole)
    assert guids(deliveries.claim(store, 9)) == ["later"]


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_whatever_the_threads_do_lanes_do_not_overlap(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lanes = data.draw(st.lists(st.tuples(st.integers(1, 2), st.none() | st.integers(10, 12)), min_size=1, max_size=12))
    with Store.open(tmp_path_factory.mktemp("lanes") / "a.db") as store:
        for place, (installation, repo) in enumerate(lanes):
            put(store, str(place), installation=installation, repo_id=repo)
        threads: list[list[deliveries.Delivery]] = [[], [], []]
        done: list[str] = []
        while len(done) < len(lanes):
            mine = threads[data.draw(st.integers(0, 2))]
            if mine:
                finish(store, mine[0])
                done.append(mine.pop(0).guid)
            else:
                mine += deliveries.claim(store, data.draw(st.integers(1, 3)))
            _check(threads)


def _check(threads: list[list[deliveries.Delivery]]) -> None:
    held = [(place, item) for place, mine in enumerate(threads) for item in mine]
    for place, one in held:
        for other, two in held:
            if place != other:
                assert one.repo_id is None or one.repo_id != two.repo_id
                assert one.installation != two.installation or None not in (one.repo_id, two.repo_id)


def test_a_failure_waits_longer_each_time_and_ends_in_a_visible_state(store: Store) -> None:
    put(store, "a")
    now = 1000.0
    for wait in (5, 30, 120, 600, 3600, 3600, 3600):
        (delivery,) = deliveries.claim(store, 1, now)
        due = deliveries.retry(store, delivery, "GitHub is down", now)
        assert due is not None and 0.8 * wait <= due - now <= 1.2 * wait
        assert deliveries.claim(store, 1, due - 1) == [] and deliveries.next_due(store) == due
        now = due
    (delivery,) = deliveries.claim(store, 1, now)
    assert deliveries.retry(store, delivery, "GitHub is down", now) is None
    assert (row(store, "a")["state"], row(store, "a")["tries"]) == ("dead", 8)
    assert row(store, "a")["error"] == "GitHub is down; given up after 8 tries"
    assert deliveries.next_due(store) is None


def test_putting_back_is_no_try(store: Store) -> None:
    put(store, "a")
    (delivery,) = deliveries.claim(store, 1)
    deliveries.put_back(store, delivery, due_at=2000.0, error="a rate limit")
    assert (row(store, "a")["tries"], row(store, "a")["due_at"]) == (0, 2000.0)
    assert deliveries.claim(store, 1, 1999.0) == [] and len(deliveries.claim(store, 1, 2000.0)) == 1


def test_only_what_is_not_finished_is_given_back(store: Store) -> None:
    for guid in "abc":
        put(store, guid)
    one, two, three = deliveries.claim(store, 3)
    finish(store, one)
    due = deliveries.retry(store, two, "later")
    deliveries.give_back(store, [one, two, three])
    deliveries.give_back(store, [])
    states = [(row(store, guid)["state"], row(store, guid)["tries"], row(store, guid)["due_at"]) for guid in "abc"]
    assert states == [("done", 1, 0), ("waiting", 1, due), ("waiting", 0, 0)]


def test_done_is_part_of_the_callers_transaction(store: Store) -> None:
    put(store, "a")
    (delivery,) = deliveries.claim(store, 1)
    with pytest.raises(ZeroDivisionError), store.atomic():
        deliveries.done(store, delivery)
        raise ZeroDivisionError
    assert row(store, "a")["state"] == "running"
    finish(store, delivery, "closed without a merge")
    assert (row(store, "a")["state"], row(store, "a")["error"]) == ("done", "closed without a merge")
    assert row(store, "a")["finished_at"]


def test_a_killed_workers_claims_come_back(store: Store) -> None:
    for guid in "ab":
        put(store, guid)
    deliveries.claim(store, 1)
    assert deliveries.requeue_running(store) == 1
    assert guids(deliveries.claim(store, 9)) == ["a", "b"]
    assert row(store, "a")["tries"] == 2


def test_one_that_may_kill_workers_has_to_wait_and_is_never_lost(store: Store) -> None:
    put(store, "a")
    now = 0.0
    for tries in range(1, 12):
        (delivery,) = deliveries.claim(store, 1, now)
        assert delivery.tries == tries
        deliveries.requeue_running(store, now)
        due = row(store, "a")["due_at"]
        assert due == 0 if tries <= deliveries.PATIENCE else due > now
        now = max(now, due)
    assert now > 3600


def test_what_nobody_handles_is_set_aside_at_once(store: Store) -> None:
    put(store, "a", "push")
    put(store, "b", "pull_request", "closed")
    put(store, "c", "pull_request", "opened")
    put(store, "d", "star", "created")
    put(store, "e", "check_run")
    assert deliveries.ignore(store, HANDLED, after=1) == 5
    states = {r["guid"]: r["state"] for r in store.db.query("SELECT guid, state FROM deliveries")}
    assert states == {"a": "waiting", "b": "waiting", "c": "ignored", "d": "ignored", "e": "ignored"}
    put(store, "f", "star")
    assert deliveries.ignore(store, HANDLED, after=6) == 6 and row(store, "f")["state"] == "waiting"


def finished(store: Store) -> None:
    """a done, b dead, c dead, d waiting."""
    for guid, event in (("a", "push"), ("b", "push"), ("c", "issues"), ("d", "push")):
        put(store, guid, event)
    one, two, three = deliveries.claim(store, 3)
    finish(store, one)
    deliveries.bury(store, two, "a bug")
    deliveries.bury(store, three, "a bug")


@pytest.mark.parametrize(
    ("chosen", "again"),
    [
        ({"state": "dead"}, {"b", "c"}),
        ({"event": "push"}, {"a", "b"}),
        ({"guids": ["a", "c", "d", "unknown"]}, {"a", "c"}),
        ({"state": "dead", "event": "push"}, {"b"}),
        ({"state": "dead", "installation": 1}, {"b", "c"}),
        ({"installation": 2}, set()),
    ],
)
def test_replay_works_again_on_what_is_chosen(store: Store, chosen: dict[str, Any], again: set[str]) -> None:
    finished(store)
    assert deliveries.replay(store, **chosen) == deliveries.Replayed(len(again), 0)
    waiting = {r["guid"]: r for r in store.db.query("SELECT * FROM deliveries WHERE state = 'waiting'")}
    assert set(waiting) == again | {"d"}
    assert all((r["tries"], r["error"], r["finished_at"]) == (0, None, None) for r in waiting.values())


def test_replay_needs_a_choice_and_a_body(store: Store) -> None:
    finished(store)
    with pytest.raises(InputError, match="nothing is chosen"):
        deliveries.replay(store)
    with store.atomic():
        store.db.execute("UPDATE deliveries SET body = NULL WHERE guid = 'b'")
    assert deliveries.replay(store, state="dead") == deliveries.Replayed(1, 1)


def test_old_bodies_go_and_unfinished_ones_stay(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(store)
    monkeypatch.setattr(deliveries, "PURGE_BATCH", 2)
    with store.atomic():
        store.db.execute("UPDATE deliveries SET received_at = '2026-01-01T00:00:00Z' WHERE guid <> 'c'")
    assert deliveries.purge(store, 14) == 2
    bodies = {r["guid"]: r["body"] for r in store.db.query("SELECT guid, body FROM deliveries")}
    assert bodies == {"a": None, "b": None, "c": BODY, "d": BODY}
    assert deliveries.purge(store, 14) == 0


def test_a_rate_limit_holds_what_would_run_into_it_too(store: Store) -> None:
    """Else each of thousands would be taken up, refused and put back by itself."""
    put(store, "a", "pull_request", "closed")
    put(store, "b", "pull_request", "closed", repo_id=11)
    put(store, "c", "push")
    put(store, "d", "pull_request", "closed", installation=2, repo_id=12)
    (delivery,) = deliveries.claim(store, 1, 1000.0)
    assert deliveries.hold(store, delivery, 2000.0, "a rate limit") == 1
    assert guids(deliveries.claim(store, 9, 1999.0)) == ["c", "d"]
    assert row(store, "b")["error"] is None and row(store, "a")["tries"] == 0
    for claimed in "cd":
        store.db.execute("UPDATE deliveries SET state = 'done' WHERE guid = ?", [claimed])
    assert guids(deliveries.claim(store, 9, 2000.0)) == ["a", "b"]
