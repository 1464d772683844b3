"""The functions of one file, from its syntax tree.

The grammar's query finds definitions; one sort and one stack put them into each other. Nothing
recurses, so nesting costs no stack, and work is linear in the size of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from pipeline.generate.functions.grammars import Captures, Grammar, TooSlow
from pipeline.generate.functions.syntax import matches
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
    """Functions of ``source`` in the order of their beginnings, and what is left out.

    A function with a syntax error in it is left out (``syntax_error``); the others of its file
    are not. A file that keeps the parser too long is left out whole (``too_slow``). ``path`` is
    only put into the results.
    """
    try:
        if grammar.extract is not None:
            return grammar.extract(path, source)
        definitions = _definitions(matches(source, grammar), grammar)
    except TooSlow:
        return [], [LeftOut("functions", "file", path, "too_slow", "its syntax would take too long to read")]
    return _placed(path, definitions, grammar)


def _placed(path: str, definitions: list[_Definition], grammar: Grammar) -> tuple[list[Function], list[LeftOut]]:
    """``definitions`` put into each other: the functions among them, and those that are left out."""
    found: list[Function] = []
    left_out: list[LeftOut] = []
    scopes: list[_Scope] = []
    for definition in definitions:
        node, around = definition.node, _around(scopes, definition)
        if definition.capture in ("function", "method"):
            if reason := _unusable(node, len(around)):
                left_out.append(LeftOut("functions", "function", f"{path}::{definition.name}", *reason))
            else:
                rows = grammar.start_row(node) + 1, grammar.end_row(node) + 1
                found.append(
                    Function(path, _name(definition, around), _kind(definition, around), grammar.language, *rows)
                )
        scopes.append(_Scope(node.end_byte, definition.name, definition.capture == "type"))
    return found, left_out


def _definitions(found: list[Captures], grammar: Grammar) -> list[_Definition]:
    """All named definitions, outer before inner, earlier before later."""
    assigned = {captures.nodes["value"].id for captures in found if "value" in captures.nodes}
    definitions = []
    for captures in found:
        capture = next(kind for kind in _KINDS if kind in captures.nodes)
        node, name = captures.nodes[capture], grammar.name(captures)
        if name and node.id not in assigned:
            definitions.append(_Definition(node, capture, name))
    return sorted(definitions, key=lambda definition: (definition.node.start_byte, -definition.node.end_byte))


def _around(scopes: list[_Scope], definition: _Definition) -> list[_Scope]:
    """The scopes that ``definition`` lies in; those that have ended are taken off ``scopes``."""
    while scopes and scopes[-1].end <= definition.node.start_byte:
        scopes.pop()
    if definition.name.startswith("this."):  # set in a constructor, owned by its class
        types = [i for i, scope in enumerate(scopes) if scope.is_type]
        return scopes[: types[-1] + 1] if types else scopes
    return scopes


def _name(definition: _Definition, around: list[_Scope]) -> str:
    return ".".join([*(scope.name for scope in around), definition.name.removeprefix("this.")])


def _unusable(node: Node, depth: int) -> tuple[str, str] | None:
    where = f"lines {node.start_point.row + 1} to {node.end_point.row + 1}"
    if depth > MAX_SCOPES:
        return "nested_too_deeply", f"{where}: inside more than {MAX_SCOPES} definitions"
    if node.has_error:
        return "syntax_error", f"{where}: the grammar cannot read all of it"
    return None


def _kind(definition: _Definition, around: list[_Scope]) -> Literal["function", "method"]:
    """A method is defined directly in a type, or on one by its name (``Foo.bar = function ...``)."""
    directly_in_type = bool(around) and around[-1].is_type
    return "method" if definition.capture == "method" or directly_in_type or "." in definition.name else "function"
