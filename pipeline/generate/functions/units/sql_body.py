"""Whether a semicolon ends a SQL statement or stands in the body of a routine. Pure."""

from __future__ import annotations

_ROUTINES = frozenset({"procedure", "proc", "function", "trigger", "package", "event"})
_MAKERS = frozenset({"create", "alter"})
_HEAD_WORDS = 8
"""A routine says what it is within so many words: ``create or replace editionable package body``."""
_OWN_ENDS = frozenset({"if", "loop", "while", "repeat", "for"})
"""``END IF`` closes what was not counted."""


class Body:
    """Follows the words of one statement after another."""

    def __init__(self, ends: bool = True) -> None:
        """``ends`` False: no semicolon ends a statement (MySQL has another delimiter)."""
        self._ends = ends
        self.reset()

    def reset(self) -> None:
        """A new statement begins."""
        self._words = 0
        self._makes = self._routine = self._waits = False
        self._depth = 0
        self._before = ""

    @property
    def is_open(self) -> bool:
        """True where a semicolon only ends a part."""
        self._close_end("")
        self._before = ""
        return not self._ends or self._waits or self._depth > 0

    def take(self, token: str, kind: str) -> None:
        """The next token of the statement: a word, a quoted text, or something else."""
        word = token.lower() if kind == "word" else ""
        self._close_end(word)
        self._words += 1
        if self._words == 1:
            self._makes = word in _MAKERS
        elif self._makes and word in _ROUTINES and self._words <= _HEAD_WORDS:
            self._routine = True
        if self._routine:
            self._in_routine(word, kind)
        self._before = word

    def _in_routine(self, word: str, kind: str) -> None:
        if kind == "quoted" and self._before in ("as", "is"):
            self._waits = False  # the body is a text
        elif word in ("as", "is") and self._depth == 0:
            self._waits = True  # declarations and statements follow, up to the END of the routine
        elif word in ("begin", "case") and self._before != "end":
            self._depth += 1

    def _close_end(self, word: str) -> None:
        """The word before was END: what follows tells what it closed."""
        if self._routine and self._before == "end" and word not in _OWN_ENDS:
            self._depth = max(0, self._depth - 1)
            self._waits = self._waits and self._depth > 0
