"""One thread's work on deliveries: a few are claimed, worked on in turn, and what is left is given back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bot.github import Forge
from bot.handle import desk
from bot.handle.change import Context
from bot.handle.events import HANDLED
from bot.handle.gate import Gate
from bot.receive import deliveries
from bot.receive.deliveries import Delivery
from pipeline.store import Store

BATCH = 4
"""Deliveries that one claim takes: fewer commits, and still few that wait behind a slow one."""

BLOCKED_SECONDS = 5.0
"""To look again at deliveries that are due, and only wait for others of their repository."""


class Clerk:
    """Used by one thread."""

    def __init__(self, gate: Gate, stopping: threading.Event, worked: Callable[[], None]) -> None:
        """``worked`` is called after each batch: there may be something to collect, to send, and to claim."""
        self._gate = gate
        self._stopping = stopping
        self._worked = worked
        self._mine: list[Delivery] = []
        self._sifted = 0

    def step(self, store: Store, forge: Forge) -> float | None:
        """One batch. Seconds until the next; None when nothing waits. Raises BadCredentials, and what the disk does."""
        self._give_back(store)
        self._sifted = deliveries.ignore(store, HANDLED, self._sifted)
        self._mine = deliveries.claim(store, BATCH)
        if not self._mine:
            return _until(deliveries.next_due(store))
        try:
            for delivery in self._mine:
                if not self._stopping.is_set():
                    desk.work(delivery, Context(store, forge), lambda error: self._gate.doubt(forge, error))
        finally:
            self._give_back(store)
            self._worked()
        return 0.0

    def _give_back(self, store: Store) -> None:
        """What is still ours: we were stopped, or the database could not be written. Else it would be nobody's."""
        deliveries.give_back(store, self._mine)
        self._mine = []


def _until(due: float | None) -> float | None:
    """One that is due and was not claimed waits for others of its repository, whose end rings."""
    return None if due is None else max(due - time.time(), BLOCKED_SECONDS)
