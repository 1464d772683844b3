"""JavaScript with JSX. A function without a name of its own has that of what it is assigned to.

``exports.f = ...`` is f, ``Foo.prototype.f = ...`` is Foo.f, ``this.f = ...`` belongs to the class
around it. Callbacks and other anonymous functions are passed over; what they hold is not.
"""

from __future__ import annotations

import re

import tree_sitter_javascript

from pipeline.generate.functions.grammars.grammar import Captures, Grammar

FUNCTIONS = "[(arrow_function) (function_expression) (generator_function)]"

COMMON_QUERY = f"""
    (function_declaration name: (_) @name body: (_)) @function
    (generator_function_declaration name: (_) @name body: (_)) @function
    (function_expression name: (_) @name body: (_)) @function
    (generator_function name: (_) @name body: (_)) @function
    (method_definition name: (_) @name body: (_)) @method
    (class_declaration name: (_) @name) @type
    (class name: (_) @name) @type
    (variable_declarator name: (identifier) @name value: {FUNCTIONS} @value) @function
    (variable_declarator name: (identifier) @name value: [(class) (object)] @value) @type
    (assignment_expression left: [(identifier) (member_expression)] @name right: {FUNCTIONS} @value) @function
    (assignment_expression left: [(identifier) (member_expression)] @name right: [(class) (object)] @value) @type
    (pair key: (_) @name value: {FUNCTIONS} @value) @method
    (pair key: (_) @name value: [(class) (object)] @value) @type
"""

_PATH = re.compile(r"[\w$#.]+")
_EXPORTS = re.compile(r"^(module\.exports|exports)(\.|$)")


def name(captures: Captures) -> str:
    node, text = captures.nodes["name"], captures.text
    if node.type == "string":
        return text(node)[1:-1]
    if node.type != "member_expression":
        return text(node)
    written = re.sub(r"\s|\?(?=\.)", "", text(node)[:200])
    if not _PATH.fullmatch(written):  # a call or an index on the way: only the last name is a name
        last = node.child_by_field_name("property")
        return text(last) if last else ""
    return re.sub(r"\.prototype(?=\.|$)", "", _EXPORTS.sub("", written))


JAVASCRIPT = Grammar(
    language="javascript",
    suffixes=frozenset({".js", ".jsx", ".mjs", ".cjs"}),
    interpreters=frozenset({"node"}),
    load=tree_sitter_javascript.language,
    query=COMMON_QUERY + f"(field_definition property: (_) @name value: {FUNCTIONS} @value) @method",
    name=name,
)
