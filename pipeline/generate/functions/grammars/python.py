"""Python 2 and 3. Lines are those of ``ast``: from ``def`` (decorators stand before it) to the last statement."""

from __future__ import annotations

import tree_sitter_python
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Grammar, last_row
from pipeline.generate.functions.grammars.lighter import lighter


def _last_statement_row(function: Node) -> int:
    """The grammar lets a function run on over comments that follow its last statement."""
    last: Node | None = function.descendant_for_byte_range(function.end_byte - 1, function.end_byte)
    if last is None or last.type != "comment":
        return last_row(function)
    node = function
    while statements := [child for child in node.children if child.type != "comment"]:
        node = statements[-1]
    return last_row(node)


_STATEMENTS = frozenset(
    {
        "ERROR",
        "block",
        "case_clause",
        "decorated_definition",
        "elif_clause",
        "else_clause",
        "except_clause",
        "except_group_clause",
        "finally_clause",
        "for_statement",
        "if_statement",
        "match_statement",
        "try_statement",
        "while_statement",
        "with_statement",
    }
)
"""A definition is a statement in Python: none can lie in an expression."""

PYTHON = Grammar(
    language="python",
    suffixes=frozenset({".py", ".pyw"}),
    interpreters=frozenset({"python", "python2", "python3"}),
    load=tree_sitter_python.language,
    lighter=lighter,
    query="",
    end_row=_last_statement_row,
    statements=_STATEMENTS,
    definitions={"function_definition": "function", "class_definition": "type"},
)
