"""Go. ``func (t *T[K]) M()`` is T.M; function literals are anonymous."""

from __future__ import annotations

import re

import tree_sitter_go

from pipeline.generate.functions.grammars.grammar import Captures, Grammar

_RECEIVER = re.compile(r"(\w+)\s*(?:\[.*\])?[\s,)]*\)$", re.DOTALL)


def _name(captures: Captures) -> str:
    method = captures.text(captures.nodes["name"])
    if "receiver" not in captures.nodes:
        return method
    receiver = _RECEIVER.search(captures.text(captures.nodes["receiver"]))
    return f"{receiver[1]}.{method}" if receiver else method


GO = Grammar(
    language="go",
    suffixes=frozenset({".go"}),
    load=tree_sitter_go.language,
    query="""
        (function_declaration name: (identifier) @name body: (block)) @function
        (method_declaration receiver: (_) @receiver name: (_) @name body: (block)) @method
    """,
    name=_name,
)
