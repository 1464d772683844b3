"""One server that is kept up: looked after by a thread of its own, started again when it dies.

It comes back on its port, and the adapter is loaded and gated again before requests for it are answered.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import urllib3

from pipeline.errors import RunError, SwitchoverError
from pipeline.serve.process import Command, Server
from pipeline.serve.restarts import QUICK_DEATHS, Restarts

log = logging.getLogger(__name__)

START_SECONDS = 900
"""A 32B model is read from disk in minutes; a server that takes longer has failed."""

LOOK_SECONDS = 1.0
"""Between two looks at a server."""

REFUSALS = 3
"""Looks in a row at which it says itself that it is ill; then it is taken for dead."""

SILENCE_SECONDS = 300.0
"""Without any answer; then it is taken for hung. A busy server may be silent for a long step."""


class Replica:
    """``prepare`` is called with our address after each start, before we count as up; what it raises is a death."""

    def __init__(self, command: Command, port: int, log_file: Path, prepare: Callable[[str], None]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.lock = threading.RLock()
        """Held while the server is started; whoever loads something into it holds it too."""
        self.failure: RunError | None = None
        """Why it was given up; None while it was not."""
        self._command, self._log, self._prepare = command, log_file, prepare
        self._server: Server | None = None
        self._up_since: float | None = None
        self._http = urllib3.PoolManager(retries=False, timeout=5)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def watchdog(self) -> int | None:
        """Id of the process whose child the server is; None while there is none."""
        return self._server.watchdog if self._server else None

    def start(self) -> None:
        """The first start; what goes wrong in it is raised and not tried again."""
        try:
            self._begin()
        except BaseException:
            self._end()
            raise

    def keep(self, over: Callable[[], None]) -> None:
        """From now on start it again when it dies; ``over`` is called when it is given up."""
        self._thread = threading.Thread(target=self._look_after, args=(over,), name=f"keeps {self.url}", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop waiting for a start that is under way, and starting again."""
        self._stop.set()

    def end(self) -> None:
        """End the server, wherever in its life it is."""
        self._stop.set()
        self._end()  # before the wait: whoever asks it something gets an error now, not after five minutes
        if self._thread:
            self._thread.join()
        self._end()

    def _begin(self) -> None:
        with self.lock:
            self._server = Server(self._command, self._log)
            self._server.wait(f"{self.url}/health", START_SECONDS, self._stop)
            self._prepare(self.url)
            self._up_since = time.monotonic()

    def _end(self) -> None:
        if self._server:
            self._server.end()

    def _look_after(self, over: Callable[[], None]) -> None:
        deaths = Restarts()
        while why := self._life():
            deaths = deaths.died(time.monotonic() - self._up_since if self._up_since else 0.0)
            self._up_since = None
            self._end()
            if deaths.is_hopeless:
                self.failure = RunError(f"serve: {self.url} died {QUICK_DEATHS} times in a row, now given up: {why}")
                log.error("%s", self.failure)
                return over()
            log.warning("serve: %s: %s; starting it again in %.0f s", self.url, why, deaths.wait)
            if self._stop.wait(deaths.wait):
                return None
            self._again()
        return None

    def _again(self) -> None:
        try:
            self._begin()
            log.warning("serve: %s is back", self.url)
        except SwitchoverError as error:
            log.warning("%s", error)
        except Exception as error:  # of whatever kind: an unwatched replica would be worse than one more try
            log.warning("serve: %s: %s: %s", self.url, type(error).__name__, error)

    def _life(self) -> str | None:
        """Waits; why the server is dead, or None when we are to stop."""
        refusals, heard = 0, time.monotonic()
        while not self._stop.wait(LOOK_SECONDS):
            if self._up_since is None:
                return "it did not come up"
            if self._server is None or not self._server.is_running:
                return f"the engine ended: {self._server.last_words() if self._server else ''}"
            answer = self._health()
            if answer == 200:
                refusals, heard = 0, time.monotonic()
            elif answer is not None:
                refusals += 1
            if refusals >= REFUSALS:
                return f"the engine is dead (GET /health answers {answer})"
            if time.monotonic() - heard > SILENCE_SECONDS:
                return f"no answer from it for {SILENCE_SECONDS:.0f} s"
        return None

    def _health(self) -> int | None:
        try:
            return self._http.request("GET", f"{self.url}/health").status
        except urllib3.exceptions.HTTPError:
            return None
