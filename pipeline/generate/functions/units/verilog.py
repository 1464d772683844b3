"""Verilog and SystemVerilog: modules, interfaces, packages, programs, classes, functions and tasks.

A scanner of keywords: of 94 real modules the grammar wheel finds an error in 38 (concatenations,
``$clog2`` in parameters, macros), and each construct here ends with a keyword of its own. What only
declares (``extern``, ``import``, ``pure virtual``, ``typedef class``) has no body and is no unit.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.generate.functions.grammars.grammar import Grammar
from pipeline.generate.functions.units.nested import Span, place
from pipeline.types import Function, LeftOut

_SILENT = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|`define\b(?:[^\n\\]|\\.)*+"
    r"|\\[^\s]+",
    re.DOTALL,
)
"""Comments, strings, macro definitions, escaped identifiers."""

_KINDS = "module|macromodule|interface|package|program|class|function|task"
_WORD = re.compile(rf"\b(?:({_KINDS})|end({_KINDS}))\b")
_ENDS = {"macromodule": "module"}
_NO_BODY = re.compile(r"\b(?:extern|import|export|pure|typedef|default)\b|\bvirtual\s*$|\bmodport\b|\binterface\s*$")
_STATEMENT = re.compile(r";|\b(?:begin|end\w*|generate)\b")
_HEADER = re.compile(r"([\w$:]+)\s*(?:[(;#]|$)")
_HEADER_CHARACTERS = 1000


@dataclass(frozen=True)
class _Open:
    kind: str
    start: int
    name: str


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    text = _SILENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source.decode("utf-8", "replace"))
    rows = [found.start() for found in re.finditer("\n", text)]
    spans = [
        replace(span, first=bisect.bisect_left(rows, span.start), last=bisect.bisect_left(rows, span.end - 1))
        for span in _spans(text)
    ]
    return place(path, VERILOG.language, spans)


def _spans(text: str) -> Iterator[Span]:
    """What is opened and closed again, with offsets alone; what is never closed is passed over."""
    open_: list[_Open] = []
    for found in _WORD.finditer(text):
        begins, ends = found.groups()
        if begins and not _is_declaration(text, found.start(), begins):
            open_.append(_Open(_ENDS.get(begins, begins), found.start(), _name(text, found.end())))
        elif ends and any(one.kind == ends for one in open_[-64:]):
            while open_[-1].kind != ends:  # its end is missing
                open_.pop()
            one = open_.pop()
            if one.name:
                yield Span(one.start, found.end(), 0, 0, one.name)


def _is_declaration(text: str, start: int, kind: str) -> bool:
    """Whether the keyword at ``start`` begins something without a body."""
    head = text[max(0, start - 200) : start]
    head = head[max((found.end() for found in _STATEMENT.finditer(head)), default=0) :]
    virtual = kind in ("class", "function", "task") and re.search(r"\bvirtual\s*$|\binterface\s*$", head)
    return bool(_NO_BODY.search(head)) and not (virtual and not re.search(r"\b(?:extern|pure|typedef)\b", head))


def _name(text: str, start: int) -> str:
    """The last word before the parameters: ``function automatic [7:0] f(`` is f."""
    header = re.sub(r"\[[^\]]*\]", " ", text[start : start + _HEADER_CHARACTERS].split(";")[0] + ";")
    found = _HEADER.search(header)
    return found[1].replace("::", ".") if found else ""


VERILOG = Grammar(language="verilog", suffixes=frozenset({".v", ".sv", ".svh", ".vh"}), kind="module", extract=_extract)
