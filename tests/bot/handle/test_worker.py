"""The worker as a process: it waits, works, ends in order, and loses nothing and doubles nothing when killed."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.handle import state
from bot.handle.change import Context
from pipeline.store import Store
from tests.bot.handle.conftest import WORKFLOW, arrive, know, payload, rows, state_of
from tests.bot.handle.lives import Nursery, Worker, register
from tests.bot.handle.waiting import until
from tests.github.stand_in import CONFIG, Repository, StandIn, faults

KILLS = 20


def works(store: Store) -> bool:
    found = state.read(store.path)
    return found is not None and found.state == "working"


def count(store: Store, table: str, where: str = "1") -> int:
    return int(store.db.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])


def open_work(store: Store) -> int:
    """Deliveries and letters that are not finished."""
    waiting = "state IN ('waiting', 'running')"
    return count(store, "deliveries", waiting) + count(store, "outbox", waiting)


@pytest.mark.parametrize("how", [None, signal.SIGTERM])
def test_it_works_on_what_comes_and_ends_when_told(
    github: StandIn, context: Context, widgets: Repository, how: signal.Signals | None
) -> None:
    store = context.store
    register(store.path, github)
    with Worker(store.path) as worker:
        until(lambda: works(store))
        guid = arrive(store, "push", payload(widgets, ref="refs/heads/main"))
        worker.ring()
        until(lambda: state_of(store, guid)[0] == "done")
        status, log = worker.end(how)
    assert status == 0 and "Traceback" not in log
    found = state.read(store.path)
    assert found and (found.state, found.pid) == ("ended", worker.process.pid)


def test_without_credentials_deliveries_wait_and_the_reason_is_shown(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    store = context.store
    guid = arrive(store, "push", payload(widgets, ref="refs/heads/main"))
    with Worker(store.path) as worker:
        until(lambda: (found := state.read(store.path)) is not None and found.state == "waiting")
        assert state_of(store, guid) == ("waiting", None)
        register(store.path, github)
        until(lambda: state_of(store, guid)[0] == "done")
        assert worker.end()[0] == 0


def test_there_is_one_worker_and_the_next_takes_over_when_it_is_killed(store: Store) -> None:
    def at_work(worker: Worker) -> bool:
        found = state.read(store.path)
        return found is not None and found.pid == worker.process.pid

    with Worker(store.path) as first:
        until(lambda: at_work(first))
        with Worker(store.path) as second:
            assert second.process.stderr and "another worker still works on" in second.process.stderr.readline()
            first.process.kill()
            until(lambda: at_work(second))
            assert second.end()[0] == 0


def test_a_key_that_is_refused_stops_the_worker_and_counts_no_try(
    github: StandIn, context: Context, widgets: Repository
) -> None:
    store = context.store
    register(store.path, github)
    github.fail(faults.status(401, "Bad credentials"), times=1e9)
    guid = arrive(store, "pull_request", payload(widgets, "closed", pull_request={"number": 1, "merged": True}))
    with Worker(store.path) as worker:
        until(lambda: (found := state.read(store.path)) is not None and found.state == "refused")
        until(lambda: state_of(store, guid)[0] == "waiting")
        assert worker.end()[0] == 0
    assert rows(store, "deliveries", "tries", "guid")[0] == {"tries": 0, "guid": guid}


def test_a_database_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "so.db").write_text("no database, and long enough to be looked at as one " * 30)
    with Worker(tmp_path / "so.db") as worker:
        status, log = worker.end()
    assert status == 2 and log.count("\n") == 1 and "not a usable SQLite database" in log


@pytest.fixture
def organisations(github: StandIn, store: Store) -> Iterator[list[Repository]]:
    """Twenty of them, each with one repository: writes are kept apart by installation."""
    made = []
    for place in range(20):
        one = github.add(f"org{place}/r", pulls=10, installation=place + 1, files={CONFIG: "", WORKFLOW: "on:"})
        one.people["ann"] = "admin"
        know(store, one, configured=1)
        made.append(one)
    yield made


def busy_day(store: Store, repositories: list[Repository]) -> None:
    """400 deliveries: in each repository 10 merges, 5 issues, 2 pushes, 3 commands."""
    with store.atomic():
        for each in repositories:
            for number in range(1, 11):
                arrive(store, "pull_request", payload(each, "closed", pull_request={"number": number, "merged": True}))
            for number in range(100_001, 100_005):
                arrive(store, "issues", payload(each, "edited", issue={"number": number}))
            arrive(store, "issues", payload(each, "deleted", issue={"number": 999}))
            for _ in range(2):
                arrive(store, "push", payload(each, ref="refs/heads/main"))
            for place, word in enumerate(("pause", "resume", "evaluate")):
                said = {"id": 7000 + place, "issue": 1, "body": f"/switchover {word}", "user": {"login": "ann"}}
                each.comments.append({**said, "updated_at": "2026-01-01T00:00:00Z", "created_at": ""})
                arrive(store, "issue_comment", payload(each, "created", comment=said, issue={"number": 1}))


@pytest.mark.timeout(600)
def test_killed_twenty_times_each_effect_is_there_exactly_once(
    github: StandIn, store: Store, organisations: list[Repository]
) -> None:
    register(store.path, github)
    busy_day(store, organisations)
    assert count(store, "deliveries") == 400
    dice = random.Random(3)
    with Nursery(store.path) as nursery:
        for life in range(KILLS):
            before = open_work(store)
            nursery.start()
            enough = dice.randint(1, 12)
            until(lambda before=before, enough=enough: open_work(store) <= before - enough or not open_work(store))
            assert open_work(store), f"all was done after {life} lives"
            nursery.kill()
        nursery.start()
        until(lambda: not open_work(store), 250)
        nursery.end()
    assert count(store, "deliveries", "state = 'done' AND source = 'webhook'") == 400
    assert count(store, "forge_pulls") == 200 and count(store, "outbox", "state = 'sent'") == 140
    for each in organisations:
        answers = Counter(said.partition("<!--")[2] for said in each.comments_on(1) if "<!--" in said)
        assert len(answers) == 3 and set(answers.values()) == {1}, each.name
        assert len(each.runs) == 1
        assert sorted(len(found) for found in each.reactions.values()) == [1, 1, 1]
        row = store.repository(each.id)
        assert row and not row.paused, "pause, then resume"


@pytest.mark.timeout(600)
def test_a_storm_of_deliveries_half_of_them_twice(github: StandIn, context: Context, widgets: Repository) -> None:
    store = context.store
    other = github.add("acme/other")
    know(store, other)
    guids = []
    with store.atomic():
        for place in range(1000):
            said = payload((widgets, other)[place % 2], ref=f"refs/heads/{('main', 'b')[place % 3 == 0]}")
            guids.append(arrive(store, "push", said))
        for guid in guids:
            arrive(store, "push", payload(widgets, ref="refs/heads/main"), guid=guid)
        for place in range(1000):
            arrive(store, "star", payload(widgets, "created"), guid=f"star-{place}")
    register(store.path, github)
    with Worker(store.path) as worker:
        worker.ring()
        until(lambda: not open_work(store), 250)
        assert worker.end()[0] == 0
    assert count(store, "deliveries", "state = 'done' AND tries = 1 AND event = 'push'") == 1000
    assert count(store, "deliveries", "state = 'ignored'") == 1000
