"""Which functions are worth attempting: explicit rules, each counted under its own reason.

    in_test, in_generated, in_doc...   its file is not source (see ``pipeline.patch.classes``)
    in_vendored                        its file was copied in from elsewhere
    trivial                            fewer than ``MIN_BODY_LINES`` lines of body that hold code
    same_name                          a later function of the same name in the same file

Units of other kinds have rules of their own: see ``units.fitness``.

The reference drops every path with "tests" in it, functions called ``latests`` too, and keeps
generated and empty ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from pipeline.generate.functions.units.fitness import FILES, File, unfit
from pipeline.patch.classes import HEAD_BYTES, is_vendored, kind_of
from pipeline.types import Function, LeftOut

MIN_BODY_LINES = 3
"""A shorter body leaves next to nothing to change for the better."""

_NO_CODE = re.compile(
    rb"\s*(?:[{}()\[\];,]*\s*$|#(?!\[)|//|/\*|\*(?:\s|/|$)|(?:end|fi|done|esac|then|do|pass|\.\.\.)\s*$)"
)
"""Blank lines, brackets and the words that stand for them alone, comments, preprocessor lines, placeholders."""

_SIGNATURE_END = {
    "python": re.compile(rb":\s*(?:#.*)?$"),
    "ruby": re.compile(rb"^[^(]*$|\)"),
    "kotlin": re.compile(rb"\{|\).*="),
    "shell": re.compile(rb"(?:^|[\s)])[{(]\s*(?:#.*)?$"),
}
"""Where a body is not opened by a brace or an arrow: what the last line of a signature holds."""
_BRACE_OR_ARROW = re.compile(rb"\{|=>")
_DOCSTRING = re.compile(rb"\s*[rRuU]?(\"\"\"|'''|\"|')")

Reason = tuple[str, str]
"""Reason code and detail."""


def candidates(
    functions: Iterable[Function], contents: Mapping[str, bytes]
) -> tuple[tuple[Function, ...], tuple[LeftOut, ...]]:
    """The functions to attempt and those left out, each in the order given.

    ``contents`` holds each function's file by its path (a tree of ``pipeline.trees``, say); it is
    asked once for every run of functions of one file.
    """
    kept: list[Function] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[str, str]] = set()
    for path, group in groupby(functions, key=lambda function: function.path):
        content = contents[path]
        file, lines = File(path, _file_kind(path, content), content), content.split(b"\n")
        for function in group:
            reason = _unfit(function, file, lines) or _seen_before(function, seen)
            if reason:
                left_out.append(LeftOut("generate", "function", f"{path}::{function.name}", *reason))
            else:
                kept.append(function)
                seen.add((path, function.name))
    return tuple(kept), tuple(left_out)


def _file_kind(path: str, content: bytes) -> str:
    """As ``kind_of`` says, which has no word of its own for vendored files."""
    kind = kind_of(path, content[:HEAD_BYTES])
    return "vendored" if kind == "generated" and is_vendored(path) else kind


def _unfit(function: Function, file: File, lines: list[bytes]) -> Reason | None:
    if function.kind in FILES:
        return unfit(function, file, lines)
    return _not_source(file.kind) or _trivial(function, lines)


def _not_source(kind: str) -> Reason | None:
    return None if kind == "source" else (f"in_{kind}", "only functions of source files are attempted")


def _trivial(function: Function, lines: list[bytes]) -> Reason | None:
    count = body_lines(lines[function.start_line - 1 : function.end_line], function.language)
    if count >= MIN_BODY_LINES:
        return None
    return "trivial", f"{count} lines of body at line {function.start_line}, {MIN_BODY_LINES} are needed"


def _seen_before(function: Function, seen: set[tuple[str, str]]) -> Reason | None:
    if (function.path, function.name) not in seen:
        return None
    return "same_name", f"line {function.start_line}: only the first of that name is attempted"


def body_lines(lines: list[bytes], language: str) -> int:
    """How many of a function's lines below its signature hold code, not comment, docstring or a lone bracket."""
    ends = _SIGNATURE_END.get(language, _BRACE_OR_ARROW)
    start = next((number for number, line in enumerate(lines, 1) if ends.search(line)), 1)
    body = lines[start:]
    if language == "python":
        body = body[_docstring_lines(body) :]
    return sum(not _NO_CODE.match(line) for line in body)


def _docstring_lines(body: list[bytes]) -> int:
    opened = _DOCSTRING.match(body[0]) if body else None
    if not opened:
        return 0
    quote = opened[1]
    if quote in body[0][opened.end() :]:
        return 1
    return next((number for number, line in enumerate(body[1:], 2) if quote in line), 1)
