"""A GitHub on loopback, a clock that does not make anybody wait, and the client between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.github import Client, Forge, Timing
from pipeline.store import Store
from tests.github.clock import Clock
from tests.github.letters import WORKFLOW, know
from tests.github.stand_in import Repository, StandIn


@pytest.fixture
def github() -> Iterator[StandIn]:
    with StandIn() as started:
        yield started


@pytest.fixture
def widgets(github: StandIn) -> Repository:
    """acme/widgets, of installation 1, with three merged pull requests."""
    return github.add("acme/widgets", pulls=3)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forge(github: StandIn, clock: Clock) -> Iterator[Forge]:
    with Forge.connect(github.credentials(), timing=Timing(clock.now, clock.sleep)) as connected:
        yield connected


@pytest.fixture
def client(forge: Forge, widgets: Repository) -> Client:
    """Installation 1."""
    return forge.installation(widgets.installation)


@pytest.fixture
def store(tmp_path: Path, widgets: Repository) -> Iterator[Store]:
    """A database that knows acme/widgets as configured."""
    widgets.files[f".github/workflows/{WORKFLOW}"] = "on: workflow_dispatch"
    with Store.open(tmp_path / "switchover.db") as opened:
        know(opened, widgets)
        yield opened
