"""The extended header of one file in a git diff: modes, renames, copies, the index line."""

from __future__ import annotations

import re

from pipeline.patch import names

_MODE = re.compile(rb"(old mode|new mode|deleted file mode|new file mode) ([0-7]{6})")
_MOVE = re.compile(rb"(rename|copy) (from|to|old|new) (.+)")
_INDEX = re.compile(rb"index [0-9a-f]+\.\.[0-9a-f]+(?: ([0-7]{6}))?")
_SIMILARITY = re.compile(rb"(similarity|dissimilarity) index \d+%")


class Header:
    """What the lines between ``diff --git`` and the first hunk have said so far."""

    def __init__(self, old: bytes | None, new: bytes | None) -> None:
        self.old, self.new = old, new
        self.old_mode: str | None = None
        self.new_mode: str | None = None
        self.added = self.deleted = self.copied = self.moved = False
        self.lines = 0

    def take(self, line: bytes) -> bool:
        """Whether ``line`` is an extended header line; it is noted if so."""
        known = self._take_mode(line) or self._take_move(line) or self._take_index(line)
        self.lines += known
        return known

    def _take_mode(self, line: bytes) -> bool:
        if not (match := _MODE.fullmatch(line)):
            return False
        what, mode = match[1], match[2].decode()
        self.added |= what == b"new file mode"
        self.deleted |= what == b"deleted file mode"
        if what in (b"old mode", b"deleted file mode"):
            self.old_mode = mode
        else:
            self.new_mode = mode
        return True

    def _take_move(self, line: bytes) -> bool:
        if not (match := _MOVE.fullmatch(line)):
            return False
        name = names.unquote(match[3])[0] if match[3].startswith(b'"') else match[3]
        self.moved, self.copied = True, self.copied or match[1] == b"copy"
        if match[2] in (b"from", b"old"):
            self.old = name
        else:
            self.new = name
        return True

    def _take_index(self, line: bytes) -> bool:
        match = _INDEX.fullmatch(line)
        if match and match[1]:
            self.old_mode = self.new_mode = match[1].decode()
        return bool(match or _SIMILARITY.fullmatch(line))
