"""AsciiDoc: sections by headings of ``=`` (or ``#``), and by the older underlined form.

No grammar wheel exists. What stands between delimiters (listings, literal and comment blocks,
tables, examples) holds no headings; nothing else is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.generate.functions.grammars.grammar import Grammar
from pipeline.generate.functions.units.outline import Heading, sections
from pipeline.types import Function, LeftOut

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*)$")
_DELIMITER = re.compile(r"(-{4,}|\.{4,}|/{4,}|={4,}|\+{4,}|\*{4,}|_{4,}|[|,:!]={3,})$|(```)[\w-]*$")
_UNDERLINE = re.compile(r"([-=~^+])\1+$")
_LEVELS = {"=": 1, "-": 2, "~": 3, "^": 4, "+": 5}


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    lines = [line.rstrip() for line in source.decode("utf-8-sig", "replace").split("\n")]
    return sections(path, ASCIIDOC.language, source, list(_headings([*lines, ""]))), []


def _headings(lines: list[str]) -> Iterator[Heading]:
    """``lines`` end in a blank one."""
    row, inside = 0, ""
    while row < len(lines) - 1:
        line, rows = lines[row], 1
        if inside:
            inside = "" if line == inside else inside
        elif level := _underlined(lines, row):
            rows = 2
            yield Heading(row, row + rows, level, line)
        elif found := _HEADING.match(line):
            yield Heading(row, row + rows, len(found[1]), found[2].removesuffix(" " + found[1]))
        elif found := _DELIMITER.match(line):
            inside = found[1] or found[2]
        row += rows


def _underlined(lines: list[str], row: int) -> int:
    """The level of an older heading that begins on ``row``; 0 when none does."""
    title, signs = lines[row], _UNDERLINE.match(lines[row + 1])
    if signs is None or not re.match(r"\w", title) or (row and lines[row - 1] and not lines[row - 1].startswith("[")):
        return 0
    return _LEVELS[signs[1]] if len(title) > 2 and abs(len(signs[0]) - len(title)) <= 1 else 0


ASCIIDOC = Grammar(language="asciidoc", suffixes=frozenset({".adoc", ".asciidoc"}), kind="section", extract=_extract)
