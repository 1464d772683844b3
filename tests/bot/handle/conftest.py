"""A stand-in for GitHub, a database, and a way to hand a delivery to its handler."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.github import Forge, Timing
from bot.handle import desk
from bot.handle.change import Context
from bot.handle.events import HANDLED
from bot.receive import deliveries, inbox, webhook
from bot.write import outbox
from pipeline.store import Store
from tests.github.stand_in import CONFIG, Repository, StandIn

WORKFLOW = ".github/workflows/switchover-cycle.yml"


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "so.db") as opened:
        yield opened


@pytest.fixture
def context(github: StandIn, store: Store) -> Iterator[Context]:
    with Forge.connect(github.credentials(), timing=Timing(sleep=lambda seconds: None)) as forge:
        yield Context(store, forge)


@pytest.fixture
def widgets(github: StandIn, context: Context) -> Repository:
    """A repository that is set up, known here and configured."""
    made = github.add("acme/widgets", pulls=3, files={CONFIG: "{}\n", WORKFLOW: "on: workflow_dispatch\n"})
    made.people = {"ann": "admin", "wim": "write", "max": "maintain", "tri": "triage", "rob": "read"}
    know(context.store, made, configured=1)
    return made


def know(store: Store, repository: Repository, **values: Any) -> None:
    """As if its installation's delivery had been worked on, and the first collection were done."""
    with store.atomic():
        store.db.execute(
            "INSERT OR IGNORE INTO installations (id, account, account_type, state, permissions, updated_at)"
            " VALUES (?, 'acme', 'Organization', 'active', ?, '2026-01-01T00:00:00Z')",
            [repository.installation, json.dumps({"actions": "write", "issues": "write"})],
        )
    store.save_repository(repository.id, repository.name, repository.installation, True, repository.default_branch)
    store.change_repository(repository.id, **{"backfill": "done", **values})


_guids = itertools.count()


def arrive(store: Store, event: str, payload: dict[str, Any], guid: str | None = None) -> str:
    """Put a delivery into the table as the receiver does; its GUID."""
    guid = guid or f"guid-{next(_guids)}"
    arrival = webhook.read(guid, event, json.dumps(payload).encode())
    with store.atomic():
        inbox.insert(store.db.conn, [arrival])
    return guid


def payload(repository: Repository, action: str | None = None, **more: Any) -> dict[str, Any]:
    """What GitHub sends about a repository, without what nobody reads."""
    common = {"installation": {"id": repository.installation}, "repository": repository.shown()}
    who = {"sender": {"login": "ann", "type": "User"}}
    return {**({"action": action} if action else {}), **common, **who, **more}


def state_of(store: Store, guid: str) -> tuple[str, str | None]:
    """State and note or error of a delivery."""
    row = store.db.execute("SELECT state, error FROM deliveries WHERE guid = ?", [guid]).fetchone()
    return row[0], row[1]


def settle(context: Context) -> None:
    """Work on all that waits and is due, as one thread of the worker does."""
    deliveries.ignore(context.store, HANDLED)
    while claimed := deliveries.claim(context.store, 4):
        for delivery in claimed:
            desk.work(delivery, context, lambda error: True)


def deliver(context: Context, event: str, said: dict[str, Any]) -> tuple[str, str | None]:
    """State and note of the delivery after it was worked on."""
    guid = arrive(context.store, event, said)
    settle(context)
    return state_of(context.store, guid)


def send(context: Context) -> None:
    """Send all that waits in the outbox, without keeping writes apart; waits pass at once."""
    ahead: float | None = 0.0
    passed = 0.0
    while ahead is not None:
        passed += ahead
        ahead = outbox.Sender(partial(_later, passed)).step(context.store, context.forge)


def _later(seconds: float) -> float:
    return time.time() + seconds


def rows(store: Store, table: str, *columns: str) -> list[dict[str, Any]]:
    """All rows of ``table``, only ``columns`` where given, in the order of these."""
    names = ", ".join(columns) or "*"
    return list(store.db.query(f"SELECT {names} FROM {table} ORDER BY {names if columns else 1}"))
