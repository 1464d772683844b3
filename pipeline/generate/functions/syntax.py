"""Syntax trees and query matches, within bounds.

tree-sitter is linear on code that people write. On what they do not (60,000 comment lines in a
row, 100,000 open parentheses, 20,000 functions in each other) some scanners and all queries turn
quadratic, and a hostile file could hold a scan for hours. So parsing has a time limit, queries look
only so deep into a tree, and trees of other shapes that slow them down are refused before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from tree_sitter import Node, Parser, QueryCursor

from pipeline.generate.functions.grammars.grammar import Captures, Grammar, TooSlow

MAX_CPU_SECONDS = 10.0
"""For parsing one file; ordinary ones take 0.1 s per megabyte."""

MAX_LOOSE_TOKENS = 4096
"""A node with more stray tokens than this (open brackets that nothing closes) is refused."""

MAX_DEPTH = 1000
"""Levels of a syntax tree below which no definition is looked for: a query keeps a state for each node around it,
so what nests costs its square. 50 functions in each other take 200 levels, and 1,000 terms of a sum take as many."""

_SLICE_BYTES = 65536


def matches(source: bytes, grammar: Grammar) -> list[Captures]:
    """All matches of the grammar's query, in no promised order. Raises TooSlow."""
    root, source = _parsed(source, grammar)
    _refuse_loose_tokens(root)
    if grammar.statements:
        return list(_walked(root, source, grammar))
    # A query's own progress_callback crashes the process (tree-sitter 0.26.1), hence the bounds.
    cursor = QueryCursor(grammar.compiled)
    cursor.set_max_start_depth(MAX_DEPTH)
    found = cursor.matches(root)
    return [Captures({name: nodes[0] for name, nodes in named.items()}, source) for _, named in found]


def _parsed(source: bytes, grammar: Grammar) -> tuple[Node, bytes]:
    """The root of the syntax tree, and the source that it is of."""
    if grammar.lighter is not None:
        short = grammar.lighter(source)
        root = parse(short, grammar)
        if not root.has_error:
            return root, short
    return parse(source, grammar), source


def _walked(root: Node, source: bytes, grammar: Grammar) -> Iterator[Captures]:
    """What the query would find, by a walk that leaves expressions, which are most of a tree, aside."""
    todo = [root]
    while todo:
        for node in todo.pop().named_children:
            kind = node.type
            if capture := grammar.definitions.get(kind):
                name = node.child_by_field_name("name")
                if name is not None and node.child_by_field_name("body") is not None:
                    yield Captures({capture: node, "name": name}, source)
                todo.append(node)
            elif kind in grammar.statements:
                todo.append(node)


def parse(source: bytes, grammar: Grammar) -> Node:
    """The root of the syntax tree. Raises TooSlow."""
    if grammar.unreadable is not None and grammar.unreadable(source):
        raise TooSlow
    until, soonest = time.thread_time() + MAX_CPU_SECONDS, time.monotonic() + MAX_CPU_SECONDS

    # Only a source that is read piece by piece can be stopped; the pieces cost nothing measurable.
    def piece(offset: int, _: object) -> bytes:
        return source[offset : offset + _SLICE_BYTES]

    # Asked 9 times per kilobyte: the clock of the wall, which costs no system call, mostly rules it out.
    def out_of_time(*_: object) -> bool:
        return time.monotonic() > soonest and time.thread_time() > until

    try:
        return Parser(grammar.tree_sitter).parse(piece, progress_callback=out_of_time).root_node
    except ValueError:
        raise TooSlow from None


def _refuse_loose_tokens(root: Node) -> None:
    """A query looks from each token for the next node, so many tokens without one cost their square."""
    broken = [root] if root.has_error else []
    while broken:
        node = broken.pop()
        tokens = node.child_count - node.named_child_count
        if tokens > MAX_LOOSE_TOKENS and tokens > 4 * node.named_child_count:
            raise TooSlow
        broken += [child for child in node.children if child.has_error]
