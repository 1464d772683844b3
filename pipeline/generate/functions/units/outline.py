"""From the headings of a document to its sections, whatever its format. Pure.

A section is its heading and its own text, up to the next heading of any level: sections do not
overlap, and one of 2,000 lines with forty parts is forty sections. Its name is the path of
headings that lead to it, ``Install > From source``: headings hold dots, and hardly ever this sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.types import Function

SEPARATOR = " > "

MAX_TITLE = 80
"""Characters of one heading that a name holds; the rest of a longer one is cut off."""

_MARKUP = re.compile(
    r"!?\[([^\]\[]*)\](?:\([^()]*\)|\[[^\]\[]*\])"  # [text](target), [text][reference]
    r"|(?:https?|link|xref|image):[^\s\[]*\[([^\]\[]*)\]"  # AsciiDoc's macros
    r"|(?::[\w:+.-]+:)?`([^`<]*?)(?:\s*<[^`>]*>)?`_{0,2}"  # `code`, :role:`text`, `text <target>`_
    r"|<[^<>]*>|\{#[^{}]*\}"  # HTML, and identifiers of Pandoc's
)


@dataclass(frozen=True)
class Heading:
    """A title in a document."""

    row: int
    """0-based row on which it begins (an overline counts)."""
    text_row: int
    """0-based row below it, where its text may begin."""
    level: int
    """From 1; a deeper one belongs to the next higher one before it."""
    title: str
    """As it is written."""


def sections(path: str, language: str, source: bytes, headings: Sequence[Heading]) -> list[Function]:
    """A section for each heading, in their order; those without any text of their own too."""
    lines = source.split(b"\n")
    above: list[tuple[int, str]] = []
    found = []
    ends = [*(later.row for later in headings[1:]), len(lines)]
    for heading, end in zip(headings, ends, strict=False):
        while above and above[-1][0] >= heading.level:
            above.pop()
        above.append((heading.level, plain(heading.title)))
        last = _last_with_text(lines, heading.text_row, end)
        name = SEPARATOR.join(title for _, title in above)
        found.append(Function(path, name, "section", language, heading.row + 1, last))
    return found


def plain(title: str) -> str:
    """A heading without its markup, on one line, so that it can stand between backquotes."""
    shown = _MARKUP.sub(lambda found: next((text for text in found.groups() if text), ""), title)
    shown = " ".join(re.sub(r"[`*]+|(?<!\w)_+|_+(?!\w)|\\(?=\W)", "", shown).split())
    return shown[:MAX_TITLE].rstrip() or "(untitled)"


def _last_with_text(lines: Sequence[bytes], start: int, end: int) -> int:
    """1-based number of the last line in rows start..end-1 that is not blank; ``start`` when all are."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    return end
