"""Kotlin. ``fun List<T>.second()`` is List.second; accessors with a body are functions: ``size.get``.

Members of an unnamed companion object are named as those of its class. A lambda or an object has
the name of the value that it is assigned to. Lines begin after the annotations.
"""

from __future__ import annotations

import tree_sitter_kotlin
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Captures, Grammar, row_after

_TYPES = ("user_type", "nullable_type", "parenthesized_type", "function_type")


def _receiver(captures: Captures, name: Node) -> str:
    """The type that a function or property extends, without its package, type arguments and marks; "" for none."""
    declaration = captures.nodes.get("function") or captures.nodes.get("property")
    types = [node for node in declaration.children if node.type in _TYPES] if declaration else []
    before = [node for node in types if node.end_byte <= name.start_byte]
    written = captures.text(before[-1]).split("<")[0] if before else ""
    return written.split(".")[-1].strip("?() ")


def _name(captures: Captures) -> str:
    node = captures.nodes["name"]
    receiver, name = _receiver(captures, node), captures.text(node).strip("`")
    accessor = captures.nodes["method"].type[:3] if "property" in captures.nodes else ""
    return ".".join(part for part in (receiver, name, accessor) if part)


KOTLIN = Grammar(
    language="kotlin",
    suffixes=frozenset({".kt", ".kts"}),
    interpreters=frozenset({"kotlin", "kotlinc"}),
    load=tree_sitter_kotlin.language,
    query="""
        (function_declaration name: (_) @name (function_body)) @function
        (secondary_constructor "constructor" @name (block)) @method
        (property_declaration (variable_declaration . (identifier) @name)
            [(getter (function_body)) (setter (function_body))] @method) @property
        (property_declaration (variable_declaration . (identifier) @name)
            [(lambda_literal) (anonymous_function)] @value) @function
        (property_declaration (variable_declaration . (identifier) @name) (object_literal) @value) @type
        (class_declaration name: (_) @name) @type
        (object_declaration name: (_) @name) @type
        (companion_object name: (_) @name) @type
        (enum_entry (identifier) @name (class_body)) @type
    """,
    name=_name,
    start_row=row_after("annotation", "line_comment", "block_comment"),
)
