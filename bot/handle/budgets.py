"""What is left of GitHub's rate limits, as its answers tell it, kept in the table for the page."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from bot.wire.limits import Budget
from pipeline.store import Store

EVERY = 5.0
"""Seconds between two writes: each is a commit, and there is an answer several times a second."""


class Budgets:
    """Remembers the newest of each, and saves them now and then. Thread-safe."""

    def __init__(self, every: float = EVERY) -> None:
        self._every = every
        self._lock = threading.Lock()
        self._newest: dict[tuple[int, str], tuple[Budget, str]] = {}
        self._saved_at = -every

    def note(self, installation: int, budget: Budget) -> None:
        """An answer to ``installation`` (0: the App itself) has told this."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock:
            self._newest[installation, budget.resource] = (budget, now)

    def save(self, store: Store) -> None:
        """Write what is new, if the last time is long enough ago."""
        with self._lock:
            if not self._newest or time.monotonic() - self._saved_at < self._every:
                return
            newest, self._newest, self._saved_at = self._newest, {}, time.monotonic()
        rows = [
            (installation, told.resource, told.allowed, told.remaining, told.reset_at, seen_at)
            for (installation, _), (told, seen_at) in newest.items()
        ]
        with store.atomic():
            store.db.conn.executemany("INSERT OR REPLACE INTO budgets VALUES (?, ?, ?, ?, ?, ?)", rows)
