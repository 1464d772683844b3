"""Setups that are under way: from the button to the browser's return from GitHub.

Each has a random state, bound to a cookie of the browser that began, valid once and for an hour.
Kept in memory: after a restart a setup is begun again.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.install.form import Wish

LIFETIME_S = 3600
"""GitHub's codes live as long."""

MOST = 100
"""Setups at once; the oldest goes when one more begins, so that memory stays flat."""


@dataclass(frozen=True)
class Pending:
    """One setup under way."""

    wish: Wish
    ends: float
    """Seconds of ``now``."""


class States:
    """The setups under way, safe for threads. ``now`` gives seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._pending: dict[str, Pending] = {}
        self._lock = threading.Lock()

    def begin(self, wish: Wish) -> str:
        """A new state of 256 random bits: goes to GitHub, and into the cookie."""
        state = secrets.token_urlsafe(32)
        with self._lock:
            self._pending[state] = Pending(wish, self._now() + LIFETIME_S)
            while len(self._pending) > MOST:
                del self._pending[next(iter(self._pending))]
        return state

    def take(self, state: str, cookie: str) -> Pending | None:
        """The setup of ``state``, once; None when it is unknown, used, too old, or another browser's."""
        if not hmac.compare_digest(state.encode("utf-8", "replace"), cookie.encode("utf-8", "replace")):
            return None
        with self._lock:
            pending = self._pending.pop(state, None)
        return pending if pending and pending.ends > self._now() else None

    def put_back(self, state: str, pending: Pending) -> None:
        """Let it be taken again, until the same end: GitHub did not answer, so nothing has happened."""
        with self._lock:
            self._pending[state] = pending
