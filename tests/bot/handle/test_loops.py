"""Threads that sleep on a bell: no ring is lost, no failure ends them, and they end when told to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.errors import BadCredentials, Limited
from bot.github import Forge
from bot.handle import loops
from bot.handle.change import Context
from bot.handle.gate import Gate
from bot.handle.loops import Bell, Loop, Step, behind
from pipeline.store import Store
from tests.bot.handle.waiting import until
from tests.github.stand_in import StandIn, faults

Start = Callable[[Step], Bell]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a loop over a step; it is ended, and must end, after the test."""
    stopping, running = threading.Event(), []

    def go(step: Step) -> Bell:
        bell = Bell()
        loop = Loop("tested", step, bell, tmp_path / "so.db", stopping)
        loop.start()
        running.append((loop, bell))
        return bell

    yield go
    stopping.set()
    for loop, bell in running:
        bell.ring()
        loop.join()


def test_a_ring_during_a_step_is_heard_after_it(start: Start) -> None:
    inside, go_on, steps = threading.Event(), threading.Event(), []

    def step(store: Store) -> float | None:
        steps.append(1)
        inside.set()
        go_on.wait()
        return None

    bell = start(step)
    inside.wait()
    bell.ring()
    go_on.set()
    until(lambda: len(steps) == 2)


def test_it_goes_on_at_once_and_then_sleeps(start: Start) -> None:
    left = [3]

    def step(store: Store) -> float | None:
        left[0] -= 1
        return 0 if left[0] else None

    start(step)
    until(lambda: left[0] == 0)
    time.sleep(0.05)
    assert left[0] == 0


def test_failures_are_one_line_each_and_end_nothing(
    start: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "AFTER_FAILURE", (0.0, 0.0))
    failures: list[Exception] = [KeyError("gone"), Limited("later", time.time()), ValueError("two\nlines")]
    done = threading.Event()

    def step(store: Store) -> float | None:
        if failures:
            raise failures.pop(0)
        done.set()
        return None

    with caplog.at_level(logging.WARNING):
        bell = start(step)
        until(lambda: len(failures) <= 1)
        bell.ring()  # need not wait for the limit
        done.wait()
    first, second, third = [record.getMessage() for record in caplog.records]
    assert first.startswith("tested: KeyError at test_loops.py:") and "'gone'; please report this; again in" in first
    assert second == "tested: later" and "two lines" in third and "\n" not in third


class _Open(Gate):
    """A gate that is open, until somebody doubts."""

    def __init__(self, forge: Forge, db: Path) -> None:
        super().__init__(db)
        self._forge = forge


@pytest.mark.parametrize("believed", [True, False])
def test_while_the_app_is_not_believed_nothing_is_done(context: Context, github: StandIn, believed: bool) -> None:
    if not believed:
        github.fail(faults.status(401, "Bad credentials"), path="/app", times=99)
    steps = []

    def step(store: Store, forge: Forge) -> float | None:
        steps.append(1)
        raise BadCredentials("an installation's, or the App's")

    turn = behind(_Open(context.forge, context.store.path), step)
    if believed:
        with pytest.raises(BadCredentials):
            turn(context.store)
    else:
        assert turn(context.store) is None and turn(context.store) is None
    assert len(steps) == 1
