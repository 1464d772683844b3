"""SQL: each statement, by its kind and object (``create table users``, ``alter table users #2``).

A scanner: the grammar wheel finds an error in nearly every file of a real dialect. The scanner
knows what a semicolon does not end: strings, comments, quoted bodies, BEGIN and END of routines,
data of COPY, MySQL's own delimiters. It does not check the syntax. Statements that set up a session
(SET, BEGIN, USE) are passed over.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.generate.functions.grammars.grammar import Grammar
from pipeline.generate.functions.units.names import Names
from pipeline.generate.functions.units.refusals import template
from pipeline.generate.functions.units.sql_body import Body
from pipeline.generate.functions.units.sql_names import name_of
from pipeline.types import Function, LeftOut

_TOKEN = re.compile(
    r"""
      (?P<silent>--[^\n]*|/\*.*?(?:\*/|\Z)|^[ \t]*\#[^\n]*|^\\[a-z][^\n]*)
    | (?P<data>^copy\b[^;]{0,500}\bfrom\s+stdin\b[^;]{0,200};.*?(?:^\\\.$|\Z))
    | (?P<quoted>
        '(?:[^'\\]|''|\\(?!')|\\'(?![\s,;)]|\Z)|\\(?=')(?='[\s,;)]|'\Z))*+'?
        | "[^"]*"? | `[^`]*`? | \$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z)
        | \{\{[^{}]*\}\} | \{%[^%{}]*%\}
      )
    | (?P<batch>^[ \t]*(?:go|/)[ \t]*\r?$)
    | (?P<end>;)
    | (?P<word>[^\W\d]\w*)
    | (?P<other>[^\W_]+|[^\s\w])
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_DELIMITER = re.compile(r"^delimiter[ \t]+(\S+)[^\n]*$", re.MULTILINE | re.IGNORECASE)
_MACRO = re.compile(r"\{%-?\s*(?:macro|materialization|test)\b")
"""dbt's macros: statements are put together by a program."""

_HEAD_TOKENS = 400
"""Tokens of a statement from which its name is read."""


@dataclass(frozen=True)
class Statement:
    """Where a statement is, and its beginning without comments."""

    start: int
    end: int
    head: str


def statements(text: str) -> Iterator[Statement]:
    """The statements of a script in their order."""
    begin, sign = 0, ";"
    for found in _DELIMITER.finditer(text):
        yield from _chunk(text, begin, found.start(), sign)
        begin, sign = found.end(), found[1]
    yield from _chunk(text, begin, len(text), sign)


def _chunk(text: str, begin: int, end: int, sign: str) -> Iterator[Statement]:
    """Where MySQL is told of another delimiter, each part up to it is one statement."""
    if sign == ";":
        yield from _between(text, begin, end, Body())
        return
    for found in re.compile(rf"{re.escape(sign)}[ \t\r]*$", re.MULTILINE).finditer(text, begin, end):
        yield from _between(text, begin, found.start(), Body(ends=False))
        begin = found.end()
    yield from _between(text, begin, end, Body(ends=False))


def _between(text: str, begin: int, end: int, body: Body) -> Iterator[Statement]:
    start, last, head = -1, 0, list[str]()
    for found in _TOKEN.finditer(text, begin, end):
        kind = found.lastgroup or ""
        is_end = kind in ("batch", "data") or (kind == "end" and not body.is_open)
        if kind == "silent" or (start < 0 and is_end):
            continue
        start = found.start() if start < 0 else start
        last = found.end() if kind != "batch" else last
        if not is_end:
            body.take(found[0], kind)
            head += [found[0]] if len(head) < _HEAD_TOKENS else []
            continue
        if kind != "data":
            yield Statement(start, last, " ".join(head))
        start, head = -1, []
        body.reset()
    if start >= 0:
        yield Statement(start, last, " ".join(head))


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    text, names = source.decode("utf-8", "replace"), Names()
    if _MACRO.search(text):
        return [], [template(path, "macros", 1, text.rstrip().count("\n") + 1)]
    breaks = [found.start() for found in re.finditer("\n", text)]
    found = []
    for statement in statements(text):
        if name := name_of(statement.head):
            rows = (bisect.bisect_left(breaks, at) + 1 for at in (statement.start, statement.end - 1))
            found.append(Function(path, names.take(name), "block", SQL.language, *rows))
    return found, []


SQL = Grammar(language="sql", suffixes=frozenset({".sql", ".ddl"}), kind="block", extract=_extract)
