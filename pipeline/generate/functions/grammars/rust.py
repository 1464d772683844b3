"""Rust. Functions of ``impl path::Type<T>`` and ``impl Trait for Type`` are Type.f; closures are anonymous."""

from __future__ import annotations

import re

import tree_sitter_rust

from pipeline.generate.functions.grammars.grammar import Captures, Grammar

_WORDS = re.compile(r"\w+")


def _name(captures: Captures) -> str:
    """The last word before type arguments: ``&'a mut crate::x::Foo<'a>`` is Foo."""
    written = captures.text(captures.nodes["name"])
    words = _WORDS.findall(written.split("<")[0])
    return words[-1] if words else written


RUST = Grammar(
    language="rust",
    suffixes=frozenset({".rs"}),
    load=tree_sitter_rust.language,
    query="""
        (function_item name: (_) @name body: (block)) @function
        (impl_item type: (_) @name) @type
        (trait_item name: (_) @name) @type
        (mod_item name: (_) @name body: (_)) @module
    """,
    name=_name,
)
