"""The worker process: started, rung, started again whenever it ends, and ended with us.

Its stdin is a pipe of which we hold the other end. A byte in it says that deliveries have come;
its end says that we are gone, by whatever signal.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds between an end and the next start; doubled each time, and back to the first after a life this long."""

GRACE_SECONDS = 20.0
"""In which the worker ends by itself once its stdin has; then SIGTERM, and soon SIGKILL."""


class Watched:
    """A command that is kept running from ``start`` until ``stop``."""

    def __init__(self, command: Sequence[str], first_wait: float = FIRST_WAIT) -> None:
        self._command = list(command)
        self._first_wait = first_wait
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def alive(self) -> bool:
        """Whether the process runs at this moment."""
        process = self._process
        return process is not None and process.poll() is None

    def ring(self) -> None:
        """Tell it that there is something to do. Never blocks: a full pipe has told it already."""
        with self._lock, suppress(OSError, ValueError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(b".")

    def stop(self) -> None:
        """End it in order: it finishes what it has in hand."""
        self._stopping.set()
        self._close_pipe()
        self._thread.join(GRACE_SECONDS)
        for end in (subprocess.Popen.terminate, subprocess.Popen.kill):
            if self._thread.is_alive() and self._process is not None:
                end(self._process)
                self._thread.join(GRACE_SECONDS / 4)

    def _watch(self) -> None:
        wait = self._first_wait
        while not self._stopping.is_set():
            began = time.monotonic()
            status = self._run()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > LONGEST_WAIT:
                wait = self._first_wait
            log.error("the worker ended with status %s; started again in %g s, deliveries wait", status, wait)
            self._stopping.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _run(self) -> int | str:
        """Exit status of one life."""
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C at our terminal must not race our own, orderly end of it
            )
        except OSError as error:
            return f"not started: {error.strerror}"
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        with self._lock:
            self._process = process
        if self._stopping.is_set():
            self._close_pipe()
        status = process.wait()
        self._close_pipe()
        return status

    def _close_pipe(self) -> None:
        with self._lock, suppress(OSError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
