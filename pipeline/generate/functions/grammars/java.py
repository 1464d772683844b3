"""Java. Lines begin at the modifiers or type; annotations stand before, as decorators do elsewhere."""

from __future__ import annotations

import tree_sitter_java
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Grammar


def _row_after_annotations(method: Node) -> int:
    for child in method.children:
        for part in child.children if child.type == "modifiers" else (child,):
            if part.type not in ("marker_annotation", "annotation", "line_comment", "block_comment"):
                return part.start_point.row
    return method.start_point.row


JAVA = Grammar(
    language="java",
    suffixes=frozenset({".java"}),
    load=tree_sitter_java.language,
    query="""
        (method_declaration name: (_) @name body: (block)) @method
        (constructor_declaration name: (_) @name body: (_)) @method
        (compact_constructor_declaration name: (_) @name body: (_)) @method
        (class_declaration name: (_) @name) @type
        (interface_declaration name: (_) @name) @type
        (enum_declaration name: (_) @name) @type
        (record_declaration name: (_) @name) @type
        (annotation_type_declaration name: (_) @name) @type
        (enum_constant name: (_) @name body: (_)) @type
    """,
    start_row=_row_after_annotations,
)
