"""The checkboxes of the transition issue in its text: which are ticked, and what is written beside them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.report.transition import BOX_MARKERS

_BOX = re.compile(r"[ \t]*[-*+] \[(?P<tick>[ xX])\] .*")


def ticked(body: str | None) -> frozenset[str]:
    """Boxes that are ticked in ``body``, whatever else was edited in it."""
    return frozenset(name for line in _lines(body or "") for name in _ticked_in(line))


def newly(before: str | None, after: str | None) -> frozenset[str]:
    """Boxes that somebody has ticked by editing ``before`` into ``after``."""
    return ticked(after) - ticked(before)


def written(body: str, notes: Mapping[str, str]) -> str:
    """``body`` with the boxes in ``notes`` ticked, each with its note in Markdown behind it; "": none."""
    return "\n".join(_written(line, notes) for line in body.split("\n"))


def same(one: str, other: str) -> bool:
    """Whether two texts are the same once the forge has stored them."""
    return _lines(one.strip()) == _lines(other.strip())


def _written(line: str, notes: Mapping[str, str]) -> str:
    for name, note in notes.items():
        if BOX_MARKERS[name] in line and _BOX.fullmatch(line):
            text = line.replace("[ ]", "[x]", 1)
            return text.replace(BOX_MARKERS[name], f"→ {note} {BOX_MARKERS[name]}") if note else text
    return line


def _ticked_in(line: str) -> list[str]:
    found = _BOX.fullmatch(line)
    if not found or found["tick"] == " ":
        return []
    return [name for name, marker in BOX_MARKERS.items() if marker in line]


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n?|\n", text)
