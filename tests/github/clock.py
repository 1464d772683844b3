"""A clock for tests."""

from __future__ import annotations

import time


class Clock:
    """Goes on only by what is slept, and sleeping takes no time."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._start = time.time()

    def now(self) -> float:
        return self._start + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
