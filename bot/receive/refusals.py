"""Refused deliveries in the log: enough to see a wrong secret, too little to fill a disk."""

from __future__ import annotations

import logging
import time
from collections import Counter

log = logging.getLogger(__name__)

QUIET_SECONDS = 60
"""Between two lines about the same status."""


class Refusals:
    """Logs the first refusal of each status, then at most one line a minute that counts the others."""

    def __init__(self) -> None:
        self._said_at: dict[int, float] = {}
        self._unsaid: Counter[int] = Counter()

    def note(self, status: int, why: str) -> None:
        """A delivery was answered ``status``; ``why`` is one line without anything secret."""
        now = time.monotonic()
        if now - self._said_at.get(status, -QUIET_SECONDS) < QUIET_SECONDS:
            self._unsaid[status] += 1
            return
        self._said_at[status] = now
        more = self._unsaid.pop(status, 0)
        log.warning(
            "webhook: answered %d: %s%s", status, why, f" (and {more} more since the last line)" if more else ""
        )
