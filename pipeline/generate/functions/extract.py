"""The functions of one file, from its syntax tree.

The grammar's query finds definitions; one sort and one stack put them into each other. Nothing
recurses, so nesting costs no stack, and work is linear in the size of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node, Parser, QueryCursor

from pipeline.generate.functions.grammars import Grammar
from pipeline.types import Function, LeftOut

MAX_SCOPES = 50
"""Definitions inside more than this many others are left out: their names would grow without end."""

_KINDS = ("function", "method", "type", "module")


@dataclass(frozen=True)
class _Definition:
    node: Node
    capture: str
    """One of ``_KINDS``."""
    name: str
    """Within its scope; it may hold dots (``Foo.bar`` of a Go receiver)."""


@dataclass(frozen=True)
class _Scope:
    end: int
    """Byte at which it ends."""
    name: str
    is_type: bool


def extract(path: str, source: bytes, grammar: Grammar) -> tuple[list[Function], list[LeftOut]]:
    """Functions of ``source`` in the order of their beginnings, and those left out.

    A function with a syntax error in it is left out (``syntax_error``); the others of its file
    are not. ``path`` is only put into the results.
    """
    tree = Parser(grammar.tree_sitter).parse(source)
    found: list[Function] = []
    left_out: list[LeftOut] = []
    scopes: list[_Scope] = []
    for definition in _definitions(tree.root_node, grammar):
        node, around = definition.node, _around(scopes, definition)
        name = ".".join([*(scope.name for scope in around), definition.name.removeprefix("this.")])
        if definition.capture in ("function", "method"):
            if reason := _unusable(node, len(around)):
                left_out.append(LeftOut("functions", "function", f"{path}::{definition.name}", *reason))
            else:
                rows = grammar.start_row(node) + 1, grammar.end_row(node) + 1
                found.append(Function(path, name, _kind(definition, around), grammar.language, *rows))
        scopes.append(_Scope(node.end_byte, definition.name, definition.capture == "type"))
    return found, left_out


def _definitions(root: Node, grammar: Grammar) -> Iterator[_Definition]:
    """All named definitions, outer before inner, earlier before later."""
    matches = [
        {capture: nodes[0] for capture, nodes in captured.items()}
        for _, captured in QueryCursor(grammar.compiled).matches(root)
    ]
    named_by_target = {match["value"].id for match in matches if "value" in match}
    placed: list[tuple[int, int, int, _Definition]] = []
    for match in matches:
        capture = next(kind for kind in _KINDS if kind in match)
        node = match[capture]
        name = grammar.name(match)
        if name and node.id not in named_by_target:
            placed.append((node.start_byte, -node.end_byte, len(placed), _Definition(node, capture, name)))
    return (definition for _, _, _, definition in sorted(placed, key=lambda place: place[:3]))


def _around(scopes: list[_Scope], definition: _Definition) -> list[_Scope]:
    """The scopes that ``definition`` lies in; those that have ended are taken off ``scopes``."""
    while scopes and scopes[-1].end <= definition.node.start_byte:
        scopes.pop()
    if definition.name.startswith("this."):  # set in a constructor, owned by its class
        types = [i for i, scope in enumerate(scopes) if scope.is_type]
        return scopes[: types[-1] + 1] if types else scopes
    return scopes


def _unusable(node: Node, depth: int) -> tuple[str, str] | None:
    where = f"lines {node.start_point.row + 1} to {node.end_point.row + 1}"
    if depth > MAX_SCOPES:
        return "nested_too_deeply", f"{where}: inside more than {MAX_SCOPES} definitions"
    if node.has_error:
        return "syntax_error", f"{where}: the grammar cannot read all of it"
    return None


def _kind(definition: _Definition, around: Iterable[_Scope]) -> Literal["function", "method"]:
    """A method is defined directly in a type, or on one by its name (``Foo.bar = function ...``)."""
    *_, directly_in_type = False, *(scope.is_type for scope in around)
    return "method" if definition.capture == "method" or directly_in_type or "." in definition.name else "function"
