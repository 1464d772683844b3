"""All threads together, over a real repository: from the installation to an answered command."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.handle import collecting
from bot.handle.crew import Crew
from bot.receive import recover
from pipeline.store import Store
from tests.bot.handle.conftest import arrive, payload, rows, state_of
from tests.bot.handle.lives import register
from tests.bot.handle.waiting import until
from tests.github.git_host import GitHost
from tests.github.stand_in import CONFIG, Repository, StandIn
from tests.history import Builder

NAME = "acme/widgets"


class World:
    """A repository on the forge whose pull requests were really merged, and a database that knows nothing of it."""

    def __init__(self, github: StandIn, host: GitHost, folder: Path) -> None:
        self.github = github
        self.db = folder / "so.db"
        register(self.db, github)
        self.history = Builder(folder / "widgets")
        self.history.commit({CONFIG: "collect: {skip_labels: [no-train]}\n", "a.py": "x = 0\n"}, "Begin")
        self.there = github.add(NAME, clone_url=host.add(NAME, folder / "widgets"), files={CONFIG: ""})
        self.there.people["ann"] = "write"

    def merge(self, number: int, **changes: Any) -> None:
        """Squashed onto main; closes issue 100 + number."""
        sha = self.history.commit({f"f{number}.py": f"def f{number}():\n    return {number}\n"}, f"Mend (#{number})")
        commit = {"__typename": "Commit", "oid": sha}
        self.there.add_pull(number, closes=[100 + number], mergeCommit=commit, **changes)

    def merged(self, number: int) -> dict[str, Any]:
        """What is delivered about it."""
        return payload(self.there, "closed", pull_request={"number": number, "merged": True})


@pytest.fixture
def world(github: StandIn, tmp_path: Path) -> Iterator[World]:
    with GitHost() as host:
        yield World(github, host, tmp_path)


@pytest.fixture
def store(world: World) -> Iterator[Store]:
    with Store.open(world.db) as opened:
        yield opened


@pytest.fixture
def crew(world: World, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    """Not started yet; ended after the test. A repository need not rest from being derived."""
    monkeypatch.setattr(collecting, "REST", 0.0)
    made = Crew(world.db, keep_days=14)
    yield made
    made.stop()


def numbers(store: Store) -> list[int]:
    return sorted(store.merge_shas(NAME))


def row(store: Store) -> Any:
    found = store.repository_named(NAME)
    assert found
    return found


def settled(store: Store) -> bool:
    found = store.repository_named(NAME)
    return found is not None and found.backfill == "done" and not found.dirty


def test_from_the_installation_to_an_answered_command(world: World, store: Store, crew: Crew) -> None:
    world.merge(1)
    world.merge(2, labels=["no-train"])
    world.merge(3)
    crew.start()
    until(lambda: settled(store))  # the installation was found by looking, no delivery told of it
    assert numbers(store) == [1, 3] and row(store).configured
    assert [left.reason for left in store.left_out(NAME)] == ["skipped_label"]

    world.merge(4)
    guid = arrive(store, "pull_request", world.merged(4))
    crew.ring()
    until(lambda: state_of(store, guid)[0] == "done")
    assert numbers(store) == [1, 3, 4], "with the delivery itself, not later"
    assert store.issues(NAME)[104].title == "Part 104 breaks"

    said = {"id": 77, "issue": 2, "body": "/switchover why", "user": {"login": "ann"}, "updated_at": ""}
    world.there.comments.append(said)
    arrive(
        store, "issue_comment", payload(world.there, "created", comment=said, issue={"number": 2, "pull_request": {}})
    )
    crew.ring()
    until(lambda: len(world.there.comments_on(2)) == 2)
    assert "left out: `skipped_label` (the config says so" in world.there.comments_on(2)[1]
    assert world.github.tokens_minted == 1
    until(lambda: rows(store, "budgets"))


def test_what_happened_while_nobody_worked_is_recovered(world: World, store: Store, crew: Crew) -> None:
    world.merge(1)
    guid = world.github.deliver("pull_request", world.merged(1), code=0)
    arrive(store, "installation", {"action": "created", "installation": {"id": 1}})
    crew.start()
    until(lambda: rows(store, "deliveries", "guid", "source").count({"guid": guid, "source": "recovered"}))
    until(lambda: settled(store) and state_of(store, guid)[0] == "done")
    assert numbers(store) == [1]


def test_beyond_what_github_keeps_each_repository_is_caught_up(
    world: World, store: Store, crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.merge(1)
    store.save_repository(world.there.id, NAME, 1, private=True)
    crew.start()
    until(lambda: settled(store) and rows(store, "marks"))
    crew.stop()
    world.merge(2)
    with store.atomic():
        long_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - recover.KEPT - 3600))
        store.db.execute("UPDATE marks SET value = ?", [long_ago])
    again = Crew(world.db, keep_days=14)
    again.start()
    until(lambda: numbers(store) == [1, 2])
    again.stop()


def test_old_bodies_are_purged_without_credentials_too(world: World, store: Store, crew: Crew) -> None:
    from pipeline import credentials

    credentials.path_for(world.db).unlink()
    guid = arrive(store, "star", payload(Repository(1, NAME, 1), "created"))
    with store.atomic():
        store.db.execute("UPDATE deliveries SET state = 'ignored', received_at = '2026-01-01T00:00:00Z'")
    crew.start()
    until(lambda: rows(store, "deliveries", "guid", "body") == [{"guid": guid, "body": None}])
