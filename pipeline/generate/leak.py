"""Does a description give the change away? (pure)

A leak is the head of a diff, a whole added line, a code span that shows a part of one, the part of
a line that the change made new, or the name that something gets. What the lines around the change,
or those that it removes, hold as well is no leak: that is the code as it was. What a text says in
other words ("it should check for None first") is not found: no rule can tell it from a symptom.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.patch.diff import Hunk, parse

_DIFF = re.compile(r"^(?:diff --git |@@ |\+\+\+ |--- [ab]/)", re.MULTILINE)
_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_CODE = re.compile(r"[()\[\]{}=<>_|&+*/%:!]|[a-z][A-Z]")
_WORD = re.compile(r"\w+|\s|[^\w\s]")
_NAME = re.compile(r"[A-Za-z_]\w*")
_RENAMED = r"\brenam\w*\b[^.\n]{0,80}?\bto\b[^.\n]{0,10}?\b"

_SHORT = 8
"""Characters: a shorter line (``else:``, ``return x``) may well be said by chance."""
_PART = 12
"""Characters: of a part of a line that is looked for."""
_LONG = 24
"""Characters: a line of this length is looked for inside of sentences too."""
_LONG_NAME = 5
"""Characters: a shorter name (``len``, ``size``) may be a word."""

_NEAR = 10
"""Removed lines above and below, by number, that an added one is held against: a patch may have thousands."""


@dataclass(frozen=True)
class _Changed:
    """The lines of a patch, white space folded."""

    before: tuple[str, ...]
    """Removed and unchanged ones."""
    pairs: tuple[tuple[str, str], ...]
    """Each added line, and of the removed ones near it the most like it ("" without any)."""

    @property
    def added(self) -> list[str]:
        """Lines that were not there before."""
        known = set(self.before)
        return [line for _, line in self.pairs if line not in known]

    def is_new(self, text: str) -> bool:
        return not any(text in line for line in self.before)


def leaked_line(description: str, patch: str) -> str | None:
    """What of ``patch`` the description shows; None when it shows nothing.

    White space and Markdown quoting do not matter.
    """
    head = _DIFF.search(description)
    if head:
        return head.group().strip()
    changed = _changed(patch)
    return _line(description, changed) or _part(description, changed) or _name(description, changed)


def _line(description: str, changed: _Changed) -> str | None:
    said = {_plain(line.strip(" \t`>*-+")) for line in description.splitlines()}
    whole = _plain(description)
    lines = (line for line in changed.added if len(line) >= _SHORT)
    return next((line for line in lines if line in said or (len(line) >= _LONG and line in whole)), None)


def _part(description: str, changed: _Changed) -> str | None:
    """Code that the change brings in, shown between backticks or inside of a sentence."""
    for _, written in _SPAN.findall(description):
        span = _plain(written)
        if len(span) >= _PART and any(span in line for line in changed.added) and changed.is_new(span):
            return span
    whole = _plain(description)
    parts = (_difference(old, new) for old, new in changed.pairs if old)
    return next((part for part in parts if _is_told(part) and part in whole and changed.is_new(part)), None)


def _is_told(part: str) -> bool:
    """Whether it can only be code: words of a comment or a message turn up in any sentence."""
    return len(part) >= _PART and bool(_CODE.search(part))


def _name(description: str, changed: _Changed) -> str | None:
    """What something is called after the change, and was not before."""
    for old, new in changed.pairs:
        for name in _new_names(old, new):
            if hasattr(builtins, name) or not changed.is_new(name):  # "I expect a ValueError" is no secret
                continue
            quoted = len(name) >= _LONG_NAME and re.search(rf"`{name}`", description)
            if quoted or re.search(_RENAMED + re.escape(name) + r"\b", description, re.IGNORECASE):
                return name
    return None


def _new_names(old: str, new: str) -> Iterator[str]:
    """Names in ``new`` that stand where ``old``, otherwise equal, has other ones."""
    if old and _NAME.sub("\0", old) == _NAME.sub("\0", new):
        yield from (
            after for before, after in zip(_NAME.findall(old), _NAME.findall(new), strict=True) if before != after
        )


def _changed(patch: str) -> _Changed:
    hunks = [hunk for file in parse(patch.encode("utf-8", "surrogateescape")) for hunk in file.hunks]
    before = tuple(line for hunk in hunks for line in _lines(hunk, b"- "))
    return _Changed(before, tuple(pair for hunk in hunks for pair in _pairs(hunk)))


def _pairs(hunk: Hunk) -> Iterator[tuple[str, str]]:
    removed = [(line, _WORD.findall(line)) for line in _lines(hunk, b"-")]
    for at, line in enumerate(_lines(hunk, b"+")):
        words = _WORD.findall(line)
        near = removed[max(0, at - _NEAR) : at + _NEAR]
        yield max(near, key=lambda old: 2 * sum(_shared(words, old[1])) - len(old[1]), default=("", []))[0], line


def _lines(hunk: Hunk, signs: bytes) -> Iterator[str]:
    return (_plain(line[1:].decode("utf-8", "replace")) for line in hunk.lines if line[:1] in signs)


def _difference(old: str, new: str) -> str:
    """The middle of ``new``: what is left without what both begin and end with."""
    words = _WORD.findall(new)
    start, end = _shared(words, _WORD.findall(old))
    return "".join(words[start : len(words) - end]).strip(" ,;")


def _shared(mine: list[str], other: list[str]) -> tuple[int, int]:
    """How many words both begin with, and how many more they end with."""
    start = _common(mine, other)
    return start, _common(mine[start:][::-1], other[start:][::-1])


def _common(mine: list[str], other: list[str]) -> int:
    return next((i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), min(len(mine), len(other)))


def _plain(line: str) -> str:
    return " ".join(line.split())
