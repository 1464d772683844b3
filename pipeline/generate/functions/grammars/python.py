"""Python 2 and 3. Lines are those of ``ast``: from ``def`` (decorators stand before it) to the last statement."""

from __future__ import annotations

import tree_sitter_python
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Grammar, last_row


def _last_statement_row(function: Node) -> int:
    """The grammar lets a function run on over comments that follow its last statement."""
    last: Node | None = function.descendant_for_byte_range(function.end_byte - 1, function.end_byte)
    if last is None or last.type != "comment":
        return last_row(function)
    node = function
    while statements := [child for child in node.children if child.type != "comment"]:
        node = statements[-1]
    return last_row(node)


PYTHON = Grammar(
    language="python",
    suffixes=frozenset({".py", ".pyw"}),
    interpreters=frozenset({"python", "python2", "python3"}),
    load=tree_sitter_python.language,
    query="""
        (function_definition name: (identifier) @name body: (block)) @function
        (class_definition name: (identifier) @name) @type
    """,
    end_row=_last_statement_row,
)
