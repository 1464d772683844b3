"""Java. Lines begin at the modifiers or type; annotations stand before, as decorators do elsewhere."""

from __future__ import annotations

import tree_sitter_java

from pipeline.generate.functions.grammars.grammar import Grammar, row_after

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
    start_row=row_after("marker_annotation", "annotation", "line_comment", "block_comment"),
)
