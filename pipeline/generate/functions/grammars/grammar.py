"""The face that every language shows: a tree-sitter grammar, a query, and how names are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tree_sitter import Language, Node, Query

from pipeline.types import Function, LeftOut


class TooSlow(Exception):
    """A file would need more than its share of time."""


@dataclass(frozen=True)
class Captures:
    """One match of a grammar's query."""

    nodes: Mapping[str, Node]
    """Capture name, without its @, to syntax node."""
    source: bytes

    def text(self, node: Node) -> str:
        """The node's source; bytes that are not UTF-8 become U+FFFD."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def plain_name(captures: Captures) -> str:
    """The text of ``@name``."""
    return captures.text(captures.nodes["name"])


def own_row(node: Node) -> int:
    """0-based row on which the definition begins."""
    return node.start_point.row


def last_row(node: Node) -> int:
    """0-based row of the definition's last character."""
    row, column = node.end_point
    return row - (column == 0 and row > node.start_point.row)


def row_after(*types: str) -> Callable[[Node], int]:
    """For ``start_row``: the row of the first part of a definition, or of its modifiers, of none of ``types``."""

    def row(node: Node) -> int:
        for child in node.children:
            for part in child.children if child.type == "modifiers" else (child,):
                if part.type not in types:
                    return part.start_point.row
        return node.start_point.row

    return row


@dataclass(frozen=True)
class Grammar:
    """How to find the functions of one language. A definition without a body is no function.

    The query captures ``@name`` and one of ``@function``, ``@method``, ``@type`` (a class or
    object: what lies directly in it are methods), ``@module`` (qualifies names only). Where a
    definition has its name from an assignment, ``@value`` is what is assigned.
    """

    language: str
    suffixes: frozenset[str]
    """With their dot, lower case."""
    load: Callable[[], object] | None = None
    """The grammar wheel's own function; None where ``extract`` needs no syntax tree."""
    query: str = ""
    name: Callable[[Captures], str] = plain_name
    """Name within its scope; "" for what has none and is passed over."""
    start_row: Callable[[Node], int] = own_row
    end_row: Callable[[Node], int] = last_row
    statements: frozenset[str] = frozenset()
    """Syntax that can hold definitions, where expressions cannot: the tree is then walked through it alone, and by
    the names of ``definitions``, which takes a quarter of the query's time. Empty: the query is asked."""
    definitions: Mapping[str, str] = field(default_factory=dict)
    """For ``statements``: syntax of a definition, with fields ``name`` and ``body``, to the name of its capture."""
    interpreters: frozenset[str] = frozenset()
    """Programs that a ``#!`` line names for files without suffix."""
    lighter: Callable[[bytes], bytes] | None = None
    """From a source to one with the same definitions on the same lines, which is parsed faster; where it has a syntax
    error the source itself is parsed."""
    unreadable: Callable[[bytes], bool] | None = None
    """Whether a source holds a shape that people do not write, on which the parser takes quadratic time and cannot
    be stopped."""
    kind: str = "function"
    """Which kind of unit it yields: function (methods too), section, block, module."""
    extract: Callable[[str, bytes], tuple[list[Function], list[LeftOut]]] | None = None
    """Replaces the query where none fits: path and content to units in the order of their beginnings, and what
    it left out, as in ``extract.extract``. It takes linear time and raises nothing but TooSlow."""

    @cached_property
    def tree_sitter(self) -> Language:
        assert self.load is not None, f"{self.language} has no syntax trees"
        return Language(self.load())

    @cached_property
    def compiled(self) -> Query:
        return Query(self.tree_sitter, self.query)
