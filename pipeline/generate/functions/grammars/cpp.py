"""C++. ``void ns::A<T>::f()`` is ns.A.f; ``= default`` and ``= delete`` have no body; lambdas are anonymous.

A header (``.h``) may be C or C++: ``is_cpp_header`` tells from what is in it.
"""

from __future__ import annotations

import re

import tree_sitter_cpp

from pipeline.generate.functions.grammars.c import declared_name
from pipeline.generate.functions.grammars.grammar import Captures, Grammar

_SCOPES = frozenset({"type_identifier", "namespace_identifier", "nested_namespace_specifier", "template_type"})

_CPP_ONLY = re.compile(
    rb"""^[ \t]*(?:
        (?:class|namespace)\s+[\w:\s]+[{:]    # not: class Foo; (some C headers say it under __cplusplus)
      | (?:inline\s+)?namespace\s*\{
      | template\s*<
      | (?:public|private|protected)\s*:
      | using\s+[\w:]+
      | \#\s*include\s*<[a-z_]+>              # <vector>: C's own headers end in .h
      | (?:constexpr|virtual|explicit)\b
    )
    | \bstd::\w | \boperator\s*[=<>+*(\[-] | \)\s*(?:const\s*)?(?:noexcept|override)\b""",
    re.MULTILINE | re.VERBOSE,
)
_GUARDED = re.compile(
    rb"^[ \t]*#[ \t]*ifdef[ \t]+__cplusplus.*?^[ \t]*#[ \t]*(?:endif|else)\b", re.MULTILINE | re.DOTALL
)


def is_cpp_header(source: bytes) -> bool:
    """Whether a header has anything outside of ``#ifdef __cplusplus`` that only C++ has."""
    return bool(_CPP_ONLY.search(_GUARDED.sub(b"", source)))


def _name(captures: Captures) -> str:
    node = captures.nodes["name"]
    if node.type in _SCOPES:
        return re.sub(r"\s*::\s*(?:inline\s+)?", ".", captures.text(node).split("<")[0]).strip()
    return declared_name(captures)


CPP = Grammar(
    language="cpp",
    suffixes=frozenset({".cc", ".cpp", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".inl", ".tpp"}),
    load=tree_sitter_cpp.language,
    query="""
        (function_definition declarator: (_) @name body: (compound_statement)) @function
        (function_definition declarator: (_) @name (try_statement)) @function
        (class_specifier name: (_) @name body: (_)) @type
        (struct_specifier name: (_) @name body: (_)) @type
        (union_specifier name: (_) @name body: (_)) @type
        (namespace_definition name: (_) @name body: (_)) @module
    """,
    name=_name,
)
