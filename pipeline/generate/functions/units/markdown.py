"""Markdown: sections by its headings, both forms. Front matter, fences, comments and quotes hold none."""

from __future__ import annotations

import re

import tree_sitter_markdown
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Grammar, last_row, own_row
from pipeline.generate.functions.syntax import parse
from pipeline.generate.functions.units.outline import Heading, sections
from pipeline.types import Function, LeftOut

_CLOSING = re.compile(r"(?:^|\s+)#+\s*$")
"""``# Title #``; the sharp of ``# C#`` is its own."""


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    headings = [_heading(node, source) for node in _titles(parse(source, MARKDOWN))]
    return sections(path, MARKDOWN.language, source, headings), []


def _titles(root: Node) -> list[Node]:
    """Headings of the document itself, in order: the grammar puts sections into each other."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if node.type in ("atx_heading", "setext_heading"):
            found.append(node)
        elif node.type in ("document", "section"):
            waiting += reversed(node.children)
    return found


def _heading(node: Node, source: bytes) -> Heading:
    marker = next(child.type for child in node.children if child.type.startswith(("atx_h", "setext_h")))
    level = int(marker.removeprefix("atx_h").removeprefix("setext_h")[0])
    text = next((child for child in node.children if child.type in ("inline", "paragraph")), None)
    title = source[text.start_byte : text.end_byte].decode("utf-8", "replace") if text else ""
    return Heading(own_row(node), last_row(node) + 1, level, _CLOSING.sub("", title))


MARKDOWN = Grammar(
    language="markdown",
    suffixes=frozenset({".md", ".markdown", ".mdx", ".mkd"}),
    load=tree_sitter_markdown.language,
    kind="section",
    extract=_extract,
)
