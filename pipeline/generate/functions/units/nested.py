"""Units that lie in each other: their names are those of all around them, joined by dots. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.generate.functions.units.names import Names
from pipeline.generate.functions.units.refusals import syntax_error
from pipeline.types import Function, LeftOut

MAX_DEPTH = 50
"""What lies deeper is passed over: its name would grow without end."""


@dataclass(frozen=True)
class Span:
    """A unit before it is placed. Rows are 0-based, ``last`` is inclusive."""

    start: int
    """Offset of its beginning; what begins before its end, in the order of beginnings, lies in it."""
    end: int
    first: int
    last: int
    name: str
    broken: bool = False
    """Whether it holds what the grammar cannot read."""


def place(path: str, language: str, spans: Iterable[Span]) -> tuple[list[Function], list[LeftOut]]:
    """The units of a hardware design, in the order of their beginnings."""
    found: list[Function] = []
    left_out: list[LeftOut] = []
    around: list[Span] = []
    names = Names()
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while around and around[-1].end <= span.start:
            around.pop()
        around.append(span)
        if len(around) > MAX_DEPTH:
            continue
        name, rows = names.take(".".join(outer.name for outer in around)), (span.first + 1, span.last + 1)
        if span.broken:
            left_out.append(syntax_error(path, name, *rows))
        else:
            found.append(Function(path, name, "module", language, *rows))
    return found, left_out
