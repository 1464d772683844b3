"""VHDL: entities, architectures (``fifo.rtl``), packages, processes and subprograms with a body."""

from __future__ import annotations

import tree_sitter_vhdl
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Captures, Grammar, last_row, own_row
from pipeline.generate.functions.syntax import matches
from pipeline.generate.functions.units.nested import Span, place
from pipeline.types import Function, LeftOut


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    return place(path, VHDL.language, [_span(captures) for captures in matches(source, VHDL)])


def _span(captures: Captures) -> Span:
    node = captures.nodes["unit"]
    return Span(node.start_byte, node.end_byte, own_row(node), last_row(node), _name(node, captures), node.has_error)


def _name(node: Node, captures: Captures) -> str:
    if node.type == "process_statement":
        label = _first(_first(node, "label_declaration"), "label")
        return captures.text(label) if label else "process"
    header = _first(node, "function_specification", "procedure_specification") or node
    named = _first(header, "identifier", "operator_symbol")
    name = captures.text(named) if named else "unnamed"
    entity = _first(node, "name") if node.type == "architecture_definition" else None
    if entity:
        return f"{captures.text(entity)}.{name}"
    return f"{name}.body" if node.type == "package_definition" else name


def _first(node: Node | None, *types: str) -> Node | None:
    return next((child for child in node.children if child.type in types), None) if node is not None else None


VHDL = Grammar(
    language="vhdl",
    suffixes=frozenset({".vhd", ".vhdl"}),
    load=tree_sitter_vhdl.language,
    query="""
        [(entity_declaration) (architecture_definition) (package_declaration) (package_definition)
         (process_statement) (subprogram_definition)] @unit
    """,
    kind="module",
    extract=_extract,
)
