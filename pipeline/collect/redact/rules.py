"""A rule: what a kind of secret looks like, and where in a text it is worth looking. Pure.

Every rule takes time linear in the text, however hostile: a match is tried at literals, or at the
beginning of a run of characters, and each repetition that something must follow has an upper bound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


def whole(found: re.Match[str]) -> int:
    """All of the match is the secret."""
    return len(found["secret"])


_ANY_CASE = int(re.IGNORECASE)
"""As a number: the flag itself takes a fifth of the time of a short text."""

LONG = 15
"""Characters of the shortest token that is known by its shape."""


class Text:
    """A text, and what makes it cheap to see that a rule has nothing to look for in it."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.lowered = text.replace("İ", "I").lower()
        """Of the same length: that letter is the only one that is two in lower case."""
        self.long_words = " ".join(word for word in text.split() if len(word) >= LONG)


@dataclass(frozen=True)
class Rule:
    """One kind of secret in one place."""

    kind: str
    """What stands in its place: ``[redacted:KIND]``."""
    pattern: re.Pattern[str]
    """The group ``secret`` is replaced; what else it matches is kept."""
    starts: tuple[str, ...]
    """Literals, one of which every match begins with: finding them is cheap. () to search every place."""
    is_word: bool
    """Whether every match is part of one word of LONG characters or more."""
    needs: re.Pattern[str] | None
    """With no ``starts``: what a text must hold to be searched at all; None: search each."""
    measure: Callable[[re.Match[str]], int]
    """How many leading characters of ``secret`` are one; 0 means that it only looks like it."""

    def find(self, text: Text) -> Iterator[tuple[int, int]]:
        """Start and end of each secret; they may overlap."""
        if not self.starts:
            yield from self._search(text.whole)
        place = text.lowered if self.pattern.flags & _ANY_CASE else text.whole
        for literal in self.starts:
            if not self.is_word or literal in text.long_words:
                yield from self._match(text.whole, place, literal)

    def _match(self, text: str, place: str, literal: str) -> Iterator[tuple[int, int]]:
        at = place.find(literal)
        while at >= 0:
            span = self._secret(self.pattern.match(text, at))
            if span:
                yield span
            at = place.find(literal, max(at + 1, span[1] if span else 0))

    def _search(self, text: str) -> Iterator[tuple[int, int]]:
        at = 0 if self.needs is None or self.needs.search(text) else len(text) + 1
        while found := self.pattern.search(text, at):
            span = self._secret(found)
            if span:
                yield span
            at = max(found.end("secret"), at + 1)

    def _secret(self, found: re.Match[str] | None) -> tuple[int, int] | None:
        length = self.measure(found) if found else 0
        return (found.start("secret"), found.start("secret") + length) if found and length else None


def rule(
    kind: str,
    pattern: str,
    starts: Iterable[str] = (),
    measure: Callable[[re.Match[str]], int] = whole,
    *,
    any_case: bool = False,
    is_word: bool = False,
    needs: str = "",
) -> Rule:
    """A rule with ``pattern`` compiled; without a group ``secret`` the whole match is the secret.

    ``any_case``: ``starts`` are in lower case and fit any. ASCII, so that a letter of another
    alphabet ends a word.
    """
    if "(?P<secret>" not in pattern:
        pattern = f"(?P<secret>{pattern})"
    compiled = re.compile(pattern, re.ASCII | (re.IGNORECASE if any_case else 0))
    return Rule(kind, compiled, tuple(starts), is_word, re.compile(needs) if needs else None, measure)
