"""Threads that work until they are told to stop, and sleep on a bell in between."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bot.errors import BadCredentials, Limited
from bot.github import Forge
from bot.handle.desk import one_line
from bot.handle.gate import Gate
from pipeline.store import Store

log = logging.getLogger(__name__)

Step = Callable[[Store], float | None]
"""One step of work. Returns after how many seconds to do the next (0: at once, None: when the bell rings)."""

After = Callable[[Store], None]

LONGEST_SLEEP = 60.0
"""Seconds after which a thread looks for work in any case, lest a lost ring cost more than that."""

AFTER_FAILURE = (5.0, 30.0, 120.0, 600.0)
"""Seconds to wait after the first, second, ... failure in a row."""


class Bell:
    """Rung by anybody; heard by each of the threads that sleep on it, also when it rang while they worked."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rung = 0

    def ring(self) -> None:
        with self._condition:
            self._rung += 1
            self._condition.notify_all()

    def heard(self) -> int:
        """How often it has rung so far: read it before looking for work."""
        return self._rung

    def wait(self, heard: int, seconds: float) -> None:
        """Sleep until it has rung more often than ``heard``, at most ``seconds``."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung != heard, seconds)


class Loop:
    """A thread with its own connection to the database that does one kind of step over and over."""

    def __init__(
        self, name: str, step: Step, bell: Bell, db: Path, stopping: threading.Event, after: After = lambda store: None
    ) -> None:
        """``after`` is called after each step that does not fail."""
        self._step = step
        self._bell = bell
        self._db = db
        self._stopping = stopping
        self._after = after
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Wait until the step in hand is done; set ``stopping`` and ring before."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            heard = self._bell.heard()
            try:
                with Store.open(self._db) as store:
                    self._live(store)
            except Exception as error:  # the database cannot be opened, or not be closed
                self._bell.wait(heard, self._failed(error))

    def _live(self, store: Store) -> None:
        while not self._stopping.is_set():
            heard = self._bell.heard()
            pause = self._turn(store)
            if pause is None or pause > 0:
                self._bell.wait(heard, LONGEST_SLEEP if pause is None else pause)

    def _turn(self, store: Store) -> float | None:
        try:
            pause = self._step(store)
            self._after(store)
        except Limited as error:
            log.warning("%s: %s", self._thread.name, error)
            return max(error.until - time.time(), 1.0)
        except Exception as error:
            return self._failed(error)
        self._failures = 0
        return pause

    def _failed(self, error: Exception) -> float:
        wait = AFTER_FAILURE[min(self._failures, len(AFTER_FAILURE) - 1)]
        self._failures += 1
        log.error("%s: %s; again in %g s", self._thread.name, one_line(error), wait)
        return wait


def behind(gate: Gate, step: Callable[[Store, Forge], float | None]) -> Step:
    """``step`` with what ``gate`` lets through; nothing while it is shut."""

    def turn(store: Store) -> float | None:
        forge = gate.forge()
        if forge is None:
            return None
        try:
            return step(store, forge)
        except BadCredentials as error:
            if gate.doubt(forge, error):
                return None
            raise

    return turn
