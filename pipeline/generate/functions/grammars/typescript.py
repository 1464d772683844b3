"""TypeScript and TSX. Signatures, overloads and declaration files have no bodies, hence no functions."""

from __future__ import annotations

import tree_sitter_typescript

from pipeline.generate.functions.grammars.grammar import Grammar
from pipeline.generate.functions.grammars.javascript import COMMON_QUERY, FUNCTIONS, name

_QUERY = f"""
    {COMMON_QUERY}
    (abstract_class_declaration name: (_) @name) @type
    (public_field_definition name: (_) @name value: {FUNCTIONS} @value) @method
    (internal_module name: (_) @name) @module
    (module name: [(identifier) (nested_identifier)] @name) @module
"""

TYPESCRIPT = Grammar(
    language="typescript",
    suffixes=frozenset({".ts", ".mts", ".cts"}),
    interpreters=frozenset({"deno", "ts-node", "tsx", "bun"}),
    load=tree_sitter_typescript.language_typescript,
    query=_QUERY,
    name=name,
)

TSX = Grammar(
    language="typescript",
    suffixes=frozenset({".tsx"}),
    load=tree_sitter_typescript.language_tsx,
    query=_QUERY,
    name=name,
)
