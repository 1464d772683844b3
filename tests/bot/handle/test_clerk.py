"""One thread's work on deliveries: nothing that it claimed is left behind, whatever happens."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadCredentials
from bot.handle import desk
from bot.handle.change import Context
from bot.handle.clerk import Clerk
from bot.handle.gate import Gate
from pipeline.errors import RunError
from tests.bot.handle.conftest import arrive, payload, rows, state_of
from tests.github.stand_in import Repository, StandIn, faults


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def clerk(tmp_path: Path, context: Context, stopping: threading.Event) -> Clerk:
    gate = Gate(tmp_path / "so.db")
    gate._forge = context.forge
    return Clerk(gate, stopping, lambda: None)


def pushes(context: Context, repository: Repository, count: int) -> list[str]:
    return [arrive(context.store, "push", payload(repository, ref="refs/heads/main")) for _ in range(count)]


def test_it_takes_a_few_and_says_when_to_go_on(context: Context, widgets: Repository, clerk: Clerk) -> None:
    guids = pushes(context, widgets, 6)
    assert clerk.step(context.store, context.forge) == 0
    assert [state_of(context.store, guid)[0] for guid in guids] == ["done"] * 4 + ["waiting"] * 2
    assert clerk.step(context.store, context.forge) == 0
    assert clerk.step(context.store, context.forge) is None


def test_what_waits_for_its_repository_is_looked_at_again(context: Context, widgets: Repository, clerk: Clerk) -> None:
    pushes(context, widgets, 2)
    context.store.db.execute("UPDATE deliveries SET state = 'running' WHERE id = 1")
    pause = clerk.step(context.store, context.forge)
    assert pause and pause > 0


def test_told_to_stop_it_gives_the_rest_back(
    context: Context, widgets: Repository, clerk: Clerk, stopping: threading.Event
) -> None:
    pushes(context, widgets, 3)
    stopping.set()
    clerk.step(context.store, context.forge)
    assert rows(context.store, "deliveries", "state", "tries") == [{"state": "waiting", "tries": 0}] * 3


def test_refused_credentials_end_the_batch_and_count_for_nobody(
    github: StandIn, context: Context, widgets: Repository, clerk: Clerk
) -> None:
    github.fail(faults.status(401, "Bad credentials"), times=99)
    said = payload(widgets, "closed", pull_request={"number": 1, "merged": True})
    for _ in range(3):
        arrive(context.store, "pull_request", said)
    with pytest.raises(BadCredentials):
        clerk.step(context.store, context.forge)
    assert rows(context.store, "deliveries", "state", "tries") == [{"state": "waiting", "tries": 0}] * 3


def test_a_database_that_cannot_be_written_for_a_while_keeps_no_claim(
    context: Context, widgets: Repository, clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (guid,) = pushes(context, widgets, 1)

    def full(*_: Any) -> None:
        raise RunError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(desk, "work", full)
        broken.setattr("bot.receive.deliveries.give_back", lambda store, claimed: full() if claimed else None)
        with pytest.raises(RunError):
            clerk.step(context.store, context.forge)
    assert state_of(context.store, guid)[0] == "running"
    clerk.step(context.store, context.forge)
    assert state_of(context.store, guid)[0] == "done"
