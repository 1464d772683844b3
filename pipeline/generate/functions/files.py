"""Which files of a tree may hold functions, and in which language. Reads, never executes or follows links."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from pipeline.errors import InputError
from pipeline.generate.functions.grammars import ALL, CPP, C, Grammar
from pipeline.generate.functions.grammars.cpp import is_cpp_header
from pipeline.generate.functions.kinds import FUNCTIONS, KINDS
from pipeline.generate.functions.units import UNITS
from pipeline.types import LeftOut

_ALL = (*ALL, *UNITS)

LANGUAGES: tuple[str, ...] = tuple(dict.fromkeys(grammar.language for grammar in _ALL))
"""Names that ``--language`` takes."""

MAX_BYTES = 4 * 2**20
"""Larger files are left out; the largest hand-written ones (TypeScript's checker.ts) have 3 MB."""

MINIFIED_LINE_BYTES = 400
"""A script whose lines are longer than this on average was written by a tool."""

_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn"})
_BY_SUFFIX = {(g.kind, suffix): g for g in _ALL for suffix in g.suffixes}
_BY_INTERPRETER = {(g.kind, program): g for g in _ALL for program in g.interpreters}
_SHEBANG = re.compile(rb"#!\s*(?:\S*/env\s+(?:-S\s+)?)?(?:\S*/)?([\w-]+)")
_PROBE_BYTES = 8192


def check_languages(languages: Collection[str] | None) -> None:
    """Raises InputError for a language that no grammar knows; None and empty mean all."""
    unknown = sorted(set(languages or ()) - set(LANGUAGES))
    if unknown:
        raise InputError(f"language {unknown[0]!r} is not known; give one of {', '.join(LANGUAGES)}")


def kinds_of(languages: Collection[str]) -> tuple[str, ...]:
    """The kinds of units that ``languages`` have; the first of ``KINDS`` first."""
    has = {grammar.kind for grammar in _ALL if grammar.language in languages}
    return tuple(kind for kind in KINDS if kind in has)


def grammar_for(path: str, source: bytes, language: str | None = None, kind: str = "function") -> Grammar | None:
    """The grammar for a file's name and content; None when no language with units of ``kind`` is known for it.

    ``language`` overrides what the name says (TSX files are still read as TSX).
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".h" and language is None and kind == "function":
        return CPP if is_cpp_header(source) else C
    named = _BY_SUFFIX.get((kind, suffix))
    if language is not None and (named is None or named.language != language):
        return next((grammar for grammar in _ALL if (grammar.language, grammar.kind) == (language, kind)), None)
    if named or suffix:
        return named
    shebang = _SHEBANG.match(source)
    return _BY_INTERPRETER.get((kind, re.sub(r"[\d.]+$", "", shebang[1].decode()))) if shebang else None


def source_files(root: Path, kinds: Collection[str] = FUNCTIONS) -> Iterator[Path]:
    """Files under ``root`` that may hold units of ``kinds``, in the order of their names."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
        for name in sorted(names):
            suffix = PurePosixPath(name).suffix.lower()
            known = any((kind, suffix) in _BY_SUFFIX for kind in kinds)
            if known or (suffix == ".h" and "function" in kinds) or not suffix:
                yield Path(folder, name)


def read(path: Path, shown: str) -> bytes | LeftOut | None:
    """The content, or why it is left out; None for what is no source at all (no suffix, no ``#!``)."""
    reason, detail, source = _read(path)
    if not path.suffix and not source.startswith(b"#!"):
        return None
    return LeftOut("functions", "file", shown, reason, detail) if reason else source


def _read(path: Path) -> tuple[str, str, bytes]:
    """Reason code or "", detail, and the content as far as it was read."""
    if path.is_symlink():
        return "symlink", "links are not followed", b""
    if not path.is_file():
        return "unreadable", "not a regular file", b""
    try:
        with path.open("rb") as file:
            source = file.read(_PROBE_BYTES)
            if path.suffix or source.startswith(b"#!"):
                source += file.read(MAX_BYTES)
    except OSError as error:
        return "unreadable", error.strerror or str(error), b""
    return (*_refusal(path, source), source)


def _refusal(path: Path, source: bytes) -> tuple[str, str]:
    if len(source) > MAX_BYTES:
        return "too_large", f"over {MAX_BYTES} bytes"
    if b"\0" in source[:_PROBE_BYTES]:
        return "binary", "holds NUL bytes"
    grammar = _BY_SUFFIX.get(("function", path.suffix.lower()))
    scripted = grammar is not None and grammar.language in ("javascript", "typescript")
    if scripted and len(source) > MINIFIED_LINE_BYTES * (source.count(b"\n") + 2):
        return "minified", f"lines of over {MINIFIED_LINE_BYTES} bytes on average"
    return "", ""
