"""Progress as plain lines, for logs and for what is no terminal."""

from __future__ import annotations

import logging
import time

from pipeline.generate.progress.snapshot import Snapshot, sentence, yield_ahead

log = logging.getLogger(__name__)

SECONDS = 60.0
"""Between two lines at most, while anything changes."""
_STEPS = 10
"""Lines for a run that is quicker than that."""


class Lines:
    """A line each minute, and each tenth of the functions."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._at = time.monotonic()
        self._step = 0

    def show(self, now: Snapshot) -> None:
        step = now.ended * _STEPS // max(1, now.planned)
        if step > self._step or time.monotonic() - self._at >= self._seconds:
            self._at, self._step = time.monotonic(), step
            ahead = yield_ahead(now)
            log.info("generate: %s%s", sentence(now), f", {ahead}" if ahead else "")

    def close(self, last: Snapshot) -> None:
        log.info("generate: %s", sentence(last))
