"""C. The name lies inside the declarator: ``static int (*table(int n))(void)`` is table."""

from __future__ import annotations

import re

import tree_sitter_c
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Captures, Grammar

_WRAPPERS = frozenset({"parenthesized_declarator", "reference_declarator", "attributed_declarator"})


def declared_name(captures: Captures) -> str:
    """The declared name, qualified with dots, without template arguments; "" where there is none."""
    node: Node | None = captures.nodes["name"]
    while node is not None:
        inner = node.child_by_field_name("declarator")
        if node.type == "operator_cast" or (inner is None and node.type not in _WRAPPERS):
            break
        node = inner or next(iter(node.named_children), None)
    return ".".join(_word(part, captures) for part in _parts(node)) if node is not None else ""


def _parts(node: Node) -> list[Node]:
    """The names that ``::`` joins."""
    parts: list[Node] = []
    inner: Node | None = node
    while inner is not None and inner.type == "qualified_identifier":
        scope = inner.child_by_field_name("scope")
        parts += [scope] if scope else []
        inner = inner.child_by_field_name("name")
    return [*parts, inner] if inner is not None else parts


def _word(node: Node, captures: Captures) -> str:
    if node.type == "operator_cast":
        kind = node.child_by_field_name("type")
        return f"operator {captures.text(kind)}" if kind else "operator"
    if node.type in ("template_type", "template_function", "template_method"):
        named = node.child_by_field_name("name")
        return _word(named, captures) if named else captures.text(node)
    return re.sub(r"\s+", " ", captures.text(node))


C = Grammar(
    language="c",
    suffixes=frozenset({".c"}),
    load=tree_sitter_c.language,
    query="(function_definition declarator: (_) @name body: (compound_statement)) @function",
    name=declared_name,
)
