"""reStructuredText: sections by under- and overlined titles, levels in the order in which their signs first occur.

A line scanner: the grammar wheel knows titles and not their levels, and loses its way in directives.
A title stands at the margin after a blank line, and its line of signs is as long as it is. What is
indented (literal blocks, directives) holds none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pipeline.generate.functions.grammars.grammar import Grammar
from pipeline.generate.functions.units.outline import Heading, sections
from pipeline.types import Function, LeftOut

_SIGNS = re.compile(r"([!-/:-@\[-`{-~])\1*$")
_SHORT = 4
"""A line of signs that is shorter than its title still counts from this length on; docutils only warns."""

_Style = tuple[str, bool]
"""The sign, and whether there is an overline too."""


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    lines = [line.rstrip() for line in source.decode("utf-8-sig", "replace").split("\n")]
    return sections(path, RST.language, source, list(_headings([*lines, "", ""]))), []


def _headings(lines: list[str]) -> Iterator[Heading]:
    """``lines`` end in two blank ones."""
    levels: dict[_Style, int] = {}
    row, level = 0, 0
    while row < len(lines) - 2:
        style = _style(lines, row)
        if style is None:
            row += 1
            continue
        level = levels.setdefault(style, level + 1)
        rows = 3 if style[1] else 2
        yield Heading(row, row + rows, level, lines[row + style[1]].strip())
        row += rows


def _style(lines: list[str], row: int) -> _Style | None:
    """That of the title that begins on ``row``; None when none does."""
    first, second, third = lines[row : row + 3]
    if row and lines[row - 1] and not lines[row - 1].startswith(".. "):  # a label may stand right above
        return None
    if _SIGNS.match(first):
        return (first[0], True) if first == third and second and _fits(second.strip(), first) else None
    if first[:1].strip() and _SIGNS.match(second) and _fits(first, second):
        return second[0], False
    return None


def _fits(title: str, signs: str) -> bool:
    columns = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in title)
    return len(signs) >= min(columns, _SHORT)


RST = Grammar(language="rst", suffixes=frozenset({".rst", ".rest"}), kind="section", extract=_extract)
