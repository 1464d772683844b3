"""Shell, as Bash and POSIX write it. Only functions: the script around them has none of its own."""

from __future__ import annotations

import re

import tree_sitter_bash

from pipeline.generate.functions.grammars.grammar import Grammar

MAX_PIPELINE = 500
"""Commands; the parser holds on to all of a pipeline, and where that has no end, tries each of them."""

_PIPELINE = re.compile(rb"(?:\|&?\s*+[^|;&\n]*+)++")


def _has_long_pipeline(source: bytes) -> bool:
    return any(found[0].count(b"|") > MAX_PIPELINE for found in _PIPELINE.finditer(source))


SHELL = Grammar(
    language="shell",
    suffixes=frozenset({".sh", ".bash"}),
    interpreters=frozenset({"sh", "bash", "dash", "ksh"}),
    load=tree_sitter_bash.language,
    query="(function_definition name: (word) @name body: (_)) @function",
    unreadable=_has_long_pipeline,
)
