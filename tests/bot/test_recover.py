"""Deliveries that never came: found by GUID in GitHub's list, and taken in once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import Unavailable
from bot.github import Forge, Timing
from bot.handle.events import handled
from bot.receive import inbox, recover, webhook
from bot.wire.client import Client
from pipeline.store import Store
from tests.github.stand_in import StandIn, faults

PAYLOAD = {"action": "closed", "installation": {"id": 1}, "repository": {"id": 501}, "number": 7, "title": "\ud83d ☃"}


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def app(github: StandIn) -> Iterator[Client]:
    with Forge.connect(github.credentials(), timing=Timing(sleep=lambda seconds: None)) as forge:
        yield forge.app()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "so.db") as opened:
        yield opened


def received(store: Store, guid: str) -> None:
    with store.atomic():
        inbox.insert(store.db.conn, [webhook.Arrival(guid, "pull_request", "closed", 1, 501, b"{}")])


def recovered(store: Store) -> list[str]:
    query = "SELECT guid FROM deliveries WHERE source = 'recovered' ORDER BY id"
    return [row["guid"] for row in store.db.query(query)]


def run(store: Store, app: Client, now: float | None = None) -> recover.Recovered:
    return recover.recover(store, app, handled, now)


def test_exactly_the_missing_ones_are_taken_in_once(github: StandIn, app: Client, store: Store) -> None:
    expected = []
    for place in range(250):
        guid = github.deliver("pull_request", PAYLOAD, code=(202, 500, 0, 404)[place % 4], minutes_ago=250 - place)
        if place % 4 == 0 and place % 3:
            received(store, guid)
        else:
            expected.append(guid)
        if place % 10 == 1:  # failed first, and asked for again: the same GUID once more
            github.deliver("pull_request", PAYLOAD, guid=guid, redelivery=True, minutes_ago=250 - place)
    github.deliver("star", {"action": "created"})
    github.deliver("pull_request", {**PAYLOAD, "action": "opened"})
    done = run(store, app)
    assert (done.listed, done.missing, done.taken_in, done.gap) == (252, len(expected), len(expected), False)
    assert sorted(recovered(store)) == sorted(expected)
    assert run(store, app).missing == 0 and sorted(recovered(store)) == sorted(expected)


def test_the_oldest_comes_first_and_is_as_if_it_had_come(github: StandIn, app: Client, store: Store) -> None:
    guids = [github.deliver("pull_request", PAYLOAD, minutes_ago=10 - place) for place in range(3)]
    run(store, app)
    assert recovered(store) == guids
    row = next(iter(store.db.query("SELECT * FROM deliveries")))
    assert (row["event"], row["action"], row["installation"], row["repo_id"]) == ("pull_request", "closed", 1, 501)
    assert row["state"] == "waiting" and json.loads(row["body"]) == PAYLOAD


def test_it_reads_no_further_back_than_needed(github: StandIn, app: Client, store: Store) -> None:
    for place in range(350):
        github.deliver("star", {"action": "created"}, minutes_ago=3500 - 10 * place)
    assert run(store, app).listed == 350
    github.requests.clear()
    assert run(store, app).listed == 1
    assert len(github.requests) == 1


def test_a_failure_leaves_what_was_taken_in_and_the_next_run_goes_on(
    github: StandIn, app: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recover, "CHUNK", 2)
    guids = [github.deliver("pull_request", PAYLOAD) for _ in range(5)]
    path = f"/app/hook/deliveries/{github.deliveries[3]['id']}"
    github.fail(faults.invalid_json(), path=path, times=9)
    with pytest.raises(Unavailable):
        run(store, app)
    assert recovered(store) == guids[:2]
    github._rules.clear()
    run(store, app)
    assert recovered(store) == guids


@pytest.mark.parametrize(("listed", "minutes_ago", "gap"), [(True, 600, False), (False, 600, True), (False, 1, False)])
def test_a_list_that_ends_too_early_is_a_gap(
    github: StandIn, app: Client, store: Store, listed: bool, minutes_ago: int, gap: bool
) -> None:
    """One that came a moment ago may not be listed yet, and proves nothing."""
    run(store, app, time.time() - 86_400)
    received(store, github.deliver("pull_request", PAYLOAD, minutes_ago=minutes_ago))
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60 * minutes_ago))
    store.db.execute("UPDATE deliveries SET received_at = ?", [at])
    if not listed:
        github.deliveries.clear()
    assert run(store, app).gap is gap


def test_what_github_no_longer_has_is_a_gap(github: StandIn, app: Client, store: Store) -> None:
    github.deliver("pull_request", PAYLOAD)
    github.fail(faults.status(404), path=f"/app/hook/deliveries/{github.deliveries[0]['id']}")
    done = run(store, app)
    assert (done.missing, done.taken_in, done.gap) == (1, 0, True)


@pytest.mark.parametrize(("days", "gap"), [(2.9, False), (3.1, True)])
def test_three_days_without_recovery_are_a_gap(app: Client, store: Store, days: float, gap: bool) -> None:
    assert run(store, app, time.time() - days * 86400).gap is False
    assert run(store, app).gap is gap
    assert run(store, app).gap is False
