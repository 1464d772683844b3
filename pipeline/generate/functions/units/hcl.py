"""HCL (Terraform, OpenTofu, Packer, Nomad): blocks at the top of a file, by type and labels."""

from __future__ import annotations

import tree_sitter_hcl
from tree_sitter import Node

from pipeline.generate.functions.grammars.grammar import Grammar, last_row, own_row
from pipeline.generate.functions.syntax import parse
from pipeline.generate.functions.units.names import Names
from pipeline.generate.functions.units.refusals import syntax_error
from pipeline.types import Function, LeftOut


def _extract(path: str, source: bytes) -> tuple[list[Function], list[LeftOut]]:
    found: list[Function] = []
    left_out: list[LeftOut] = []
    names = Names()
    for block in _blocks(parse(source, HCL)):
        name, rows = names.take(_name(block, source)), (own_row(block) + 1, last_row(block) + 1)
        if block.has_error:
            left_out.append(syntax_error(path, name, *rows))
        else:
            found.append(Function(path, name, "block", HCL.language, *rows))
    return found, left_out


def _blocks(root: Node) -> list[Node]:
    """Blocks that are in no other block, in order; those beside an error too."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if node.type == "block":
            found.append(node)
        elif node.type in ("config_file", "body", "ERROR"):
            waiting += reversed(node.children)
    return found


def _name(block: Node, source: bytes) -> str:
    """``resource "aws_s3_bucket" "logs"`` is resource.aws_s3_bucket.logs."""
    words = [child for child in block.children if child.type in ("identifier", "string_lit")]
    texts = (source[word.start_byte : word.end_byte].decode("utf-8", "replace") for word in words)
    return ".".join(text.strip('"') for text in texts)


HCL = Grammar(
    language="hcl",
    suffixes=frozenset({".tf", ".tofu", ".hcl", ".nomad"}),
    load=tree_sitter_hcl.language,
    kind="block",
    extract=_extract,
)
