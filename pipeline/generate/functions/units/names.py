"""Names of units that are given by what is written, which may be anything."""

from __future__ import annotations

from collections import Counter

MAX_NAME = 120
"""Characters of a name; the rest of a longer one is cut off."""


class Names:
    """Hands out names that are distinct within a file: the second ``locals`` is ``locals #2``."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def take(self, written: str) -> str:
        """``written`` on one line and without backquotes, so that it can stand between them."""
        name = " ".join(written.replace("`", "").split())[:MAX_NAME].rstrip()
        self._given[name] += 1
        count = self._given[name]
        return name if count == 1 else f"{name} #{count}"
