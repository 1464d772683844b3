"""PHP, alone or in between HTML. ``App\\Models`` is App.Models; accessors of a property x are x.get and x.set.

Closures have the name of the variable that they are assigned to; other anonymous functions are
passed over. Lines begin after the attributes, as they do after decorators elsewhere.
"""

from __future__ import annotations

import tree_sitter_php

from pipeline.generate.functions.grammars.grammar import Captures, Grammar, row_after

_CLOSURES = "[(anonymous_function) (arrow_function)]"


def _name(captures: Captures) -> str:
    node, text = captures.nodes["name"], captures.text
    if node.type == "member_access_expression":
        return text(node).replace("$", "").replace("->", ".") if text(node).startswith("$this->") else ""
    name = text(node).lstrip("$").replace("\\", ".")
    accessor = captures.nodes.get("accessor")
    return f"{name}.{text(accessor)}" if accessor else name


PHP = Grammar(
    language="php",
    suffixes=frozenset({".php", ".phtml"}),
    interpreters=frozenset({"php"}),
    load=tree_sitter_php.language_php,
    query=f"""
        (function_definition name: (_) @name body: (_)) @function
        (method_declaration name: (_) @name body: (_)) @method
        (property_declaration (property_element name: (_) @name)
            (property_hook_list (property_hook (name) @accessor body: (_)) @method))
        (class_declaration name: (_) @name) @type
        (interface_declaration name: (_) @name) @type
        (trait_declaration name: (_) @name) @type
        (enum_declaration name: (_) @name) @type
        (assignment_expression left: (variable_name) @name
            right: (object_creation_expression (anonymous_class)) @value) @type
        (assignment_expression left: [(variable_name) (member_access_expression)] @name
            right: {_CLOSURES} @value) @function
        (namespace_definition name: (_) @name body: (_)) @module
        (program (namespace_definition name: (_) @name !body)) @module
    """,
    name=_name,
    start_row=row_after("attribute_list", "comment"),
)
