"""Which language a file is written in, by its suffix: the name that reports and ``--by language`` use.

Names are those of the grammars in ``pipeline.generate.functions``, which a test holds this table to. Here
no grammar is loaded, and languages have a name for which there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

OTHER = "other"

_SUFFIXES = {
    "ada": "ada adb ads",
    "asciidoc": "adoc asciidoc",
    "assembly": "asm s",
    "batch": "bat cmd",
    "c": "c h",
    "clojure": "clj cljc cljs",
    "cpp": "cc cpp cxx hh hpp hxx h++ c++ inl ipp tpp cu cuh ino",
    "crystal": "cr",
    "csharp": "cs csx",
    "css": "css less sass scss styl",
    "cython": "pxd pxi pyx",
    "d": "d",
    "dart": "dart",
    "elixir": "ex exs",
    "elm": "elm",
    "erlang": "erl hrl",
    "fortran": "f f03 f08 f77 f90 f95",
    "fsharp": "fs fsi fsx",
    "go": "go",
    "graphql": "gql graphql",
    "groovy": "groovy gradle",
    "haskell": "hs",
    "hcl": "hcl nomad tf tofu",
    "html": "htm html haml hbs j2 jinja jinja2 pug slim twig",
    "java": "java",
    "javascript": "cjs coffee js jsx mjs",
    "julia": "jl",
    "kotlin": "kt kts",
    "lisp": "el lisp rkt scm",
    "lua": "lua",
    "markdown": "markdown md mdx mkd",
    "nim": "nim",
    "nix": "nix",
    "objective-c": "m mm",
    "ocaml": "ml mli",
    "pascal": "pas",
    "perl": "pl pm",
    "php": "php phtml",
    "powershell": "ps1 psm1",
    "protobuf": "proto",
    "puppet": "pp",
    "python": "py pyi pyw",
    "r": "r",
    "rst": "rest rst",
    "ruby": "rb erb gemspec rake ru",
    "rust": "rs",
    "scala": "scala sc",
    "shell": "bash ksh sh zsh",
    "solidity": "sol",
    "sql": "ddl sql",
    "starlark": "bzl",
    "svelte": "svelte",
    "swift": "swift",
    "tcl": "tcl",
    "thrift": "thrift",
    "typescript": "cts mts ts tsx",
    "vala": "vala",
    "verilog": "sv v svh vh",
    "vhdl": "vhd vhdl",
    "vim": "vim",
    "visual-basic": "cls vb",
    "vue": "vue",
    "webassembly": "wat",
    "wgsl": "wgsl",
    "xslt": "xsl xslt",
    "yaml": "yaml yml",
    "zig": "zig",
}
_LANGUAGE_OF = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


def language_of(path: str) -> str:
    """The language of a source file; ``other`` for a suffix that is not known."""
    return _LANGUAGE_OF.get(PurePosixPath(path).suffix[1:].lower(), OTHER)


def main_language(lines: Mapping[str, int]) -> str:
    """The language of most of the changed ``lines`` (by path), by name where two have as many; "" without a path."""
    totals: dict[str, int] = {}
    for path, count in lines.items():
        language = language_of(path)
        totals[language] = totals.get(language, 0) + count
    return min(totals, key=lambda language: (-totals[language], language), default="")
