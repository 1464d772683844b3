"""C#. Accessors with a body are functions: ``Size.get``, ``this[].set``; an operator is ``operator +``.

Lambdas have the name of the variable or field that they are assigned to. Partial, abstract and
extern members have no body, hence are no functions. Lines begin after the attributes.
"""

from __future__ import annotations

import tree_sitter_c_sharp

from pipeline.generate.functions.grammars.grammar import Captures, Grammar, row_after

_LAMBDAS = "[(lambda_expression) (anonymous_method_expression)]"


def _name(captures: Captures) -> str:
    """``this`` names an indexer, ``~`` a destructor; conversions go by the type that they give."""
    written, node = captures.text(captures.nodes["name"]), captures.nodes.get("method")
    if node is not None and node.type == "destructor_declaration":
        return f"~{written}"
    if node is not None and node.type in ("operator_declaration", "conversion_operator_declaration"):
        return f"operator {written}"
    name = "this[]" if written == "this" else written.replace("::", ".")
    accessor = captures.nodes.get("accessor")
    return f"{name}.{captures.text(accessor)}" if accessor else name


CSHARP = Grammar(
    language="csharp",
    suffixes=frozenset({".cs", ".csx"}),
    load=tree_sitter_c_sharp.language,
    query=f"""
        (method_declaration name: (_) @name body: (_)) @method
        (constructor_declaration name: (_) @name body: (_)) @method
        (destructor_declaration name: (_) @name body: (_)) @method
        (operator_declaration operator: _ @name body: (_)) @method
        (conversion_operator_declaration type: (_) @name body: (_)) @method
        (property_declaration name: (_) @name value: (arrow_expression_clause)) @method
        (indexer_declaration "this" @name value: (arrow_expression_clause)) @method
        (property_declaration name: (_) @name
            accessors: (accessor_list (accessor_declaration name: _ @accessor body: (_)) @method))
        (event_declaration name: (_) @name
            accessors: (accessor_list (accessor_declaration name: _ @accessor body: (_)) @method))
        (indexer_declaration "this" @name
            accessors: (accessor_list (accessor_declaration name: _ @accessor body: (_)) @method))
        (local_function_statement name: (_) @name body: (_)) @function
        (variable_declarator name: (identifier) @name {_LAMBDAS} @value) @function
        (class_declaration name: (_) @name) @type
        (struct_declaration name: (_) @name) @type
        (record_declaration name: (_) @name) @type
        (interface_declaration name: (_) @name) @type
        (namespace_declaration name: (_) @name) @module
        (compilation_unit (file_scoped_namespace_declaration name: (_) @name)) @module
    """,
    name=_name,
    start_row=row_after("attribute_list", "comment"),
)
