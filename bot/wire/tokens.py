"""The value of an Authorization header, and the clock by which it expires."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """The world's clock, or a test's."""

    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    sleep: Callable[[float], None] = time.sleep


class Tokens:
    """Makes the value anew when it is about to expire: one thread makes it, all use it."""

    def __init__(
        self, make: Callable[[], tuple[str, float]], timing: Timing, spare: float, renewable: bool = False
    ) -> None:
        """``make`` gives the value and when it expires; it is made anew ``spare`` seconds before.

        ``renewable``: one that GitHub refuses may have been revoked, and a new one may do.
        """
        self.renewable = renewable
        self._make = make
        self._timing = timing
        self._spare = spare
        self._lock = threading.Lock()
        self._value = ""
        self._expires = 0.0

    def get(self) -> str:
        with self._lock:
            if not self._value or self._expires - self._timing.now() < self._spare:
                self._value, self._expires = self._make()
            return self._value

    def drop(self, value: str) -> None:
        """Never hand out ``value`` again, unless it has been replaced meanwhile."""
        with self._lock:
            if self.renewable and self._value == value:
                self._value = ""
