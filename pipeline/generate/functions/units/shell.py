"""Shell: the script itself, named as its file, where functions are less than half of it.

Its functions are found by ``grammars.shell``, as those of other languages are.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import tree_sitter_bash

from pipeline.generate.functions.grammars.grammar import Grammar, TooSlow, last_row, own_row
from pipeline.generate.functions.syntax import matches
from pipeline.generate.functions.units.names import Names
from pipeline.generate.functions.units.refusals import syntax_error
from pipeline.types import Function, LeftOut

MAX_HEREDOCS = 2000
"""The grammar's scanner looks for the ends of all open ones on every line."""


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    if source.count(b"<<") > MAX_HEREDOCS:
        raise TooSlow
    rows = [row for row, line in enumerate(source.split(b"\n")) if line.strip()]
    found = matches(source, SCRIPT)
    functions = [captures.nodes["function"] for captures in found if "function" in captures.nodes]
    inside = {row for node in functions for row in range(own_row(node), last_row(node) + 1)}
    if not rows or 2 * len(inside) >= len(rows):
        return [], []
    name, first, last = Names().take(PurePosixPath(path).name), rows[0] + 1, rows[-1] + 1
    if any("error" in captures.nodes for captures in found):
        return [], [syntax_error(path, name, first, last)]
    return [Function(path, name, "block", SCRIPT.language, first, last)], []


SCRIPT = Grammar(
    language="shell",
    suffixes=frozenset({".sh", ".bash", ".ksh"}),
    interpreters=frozenset({"sh", "bash", "dash", "ksh"}),
    load=tree_sitter_bash.language,
    query="[(function_definition) @function (ERROR) @error]",
    kind="block",
    extract=_extract,
)
