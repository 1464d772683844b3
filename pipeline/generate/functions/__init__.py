"""The functions of a source tree, in many languages, in linear time.

A file that does not parse costs only itself, a syntax error only the function around it. All
functions are listed, tests and vendored code too; what is no good for training is left out
later, by the counted rules of ``filters``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.generate.functions.extract import extract
from pipeline.generate.functions.files import LANGUAGES, check_languages, grammar_for, kinds_of, read, source_files
from pipeline.generate.functions.kinds import FUNCTIONS, KINDS, check_kinds
from pipeline.types import Function, LeftOut

__all__ = ["KINDS", "LANGUAGES", "Scan", "functions_in", "functions_of", "kinds_of", "scan"]


@dataclass(frozen=True)
class Scan:
    """What was found, and what was not used: files (too large, minified...) and functions with syntax errors."""

    functions: tuple[Function, ...]
    left_out: tuple[LeftOut, ...]


def functions_in(root: Path, languages: Collection[str] | None = None, kinds: Collection[str] = FUNCTIONS) -> Scan:
    """All functions under ``root`` (a folder or one file), or units of other ``kinds``, by path and line.

    Paths are relative to the folder; of one file it is its name. ``languages``: None or empty
    for all. Raises InputError for an unknown language or kind, a missing ``root``, or one file in
    no known language.
    """
    scans = list(scan(root, languages, kinds))
    return Scan(
        tuple(function for one in scans for function in one.functions),
        tuple(left_out for one in scans for left_out in one.left_out),
    )


def scan(root: Path, languages: Collection[str] | None = None, kinds: Collection[str] = FUNCTIONS) -> Iterator[Scan]:
    """``functions_in``, one file at a time."""
    check_languages(languages)
    wanted = check_kinds(kinds)
    if root.is_dir():
        files = source_files(root, wanted)
        return (_file(path, path.relative_to(root).as_posix(), languages, wanted) for path in files)
    if not root.exists():
        raise InputError(f"{root}: does not exist; give a source tree or one source file")
    return iter([_single(root, languages, wanted)])


def functions_of(
    path: str, source: bytes, language: str | None = None, kinds: Collection[str] = FUNCTIONS
) -> list[Function]:
    """The functions (or units of other ``kinds``) of one file's content, without those that hold syntax errors.

    ``language`` None: told from ``path`` and content; a file in no known language has no functions.
    Raises InputError for an unknown language or kind.
    """
    check_languages([language] if language else None)
    return list(_units(path, source, (), check_kinds(kinds), language).functions)


def _file(
    path: Path, shown: str, languages: Collection[str] | None, kinds: frozenset[str], language: str | None = None
) -> Scan:
    source = read(path, shown)
    if not isinstance(source, bytes):
        return Scan((), (source,) if source else ())
    return _units(shown, source, languages, kinds, language)


def _units(
    path: str, source: bytes, languages: Collection[str] | None, kinds: frozenset[str], language: str | None
) -> Scan:
    """The units of one file. A script may have two kinds: its functions, and itself."""
    grammars = [grammar_for(path, source, language, kind) for kind in KINDS if kind in kinds]
    found: list[Function] = []
    left_out: list[LeftOut] = []
    for grammar in grammars:
        if grammar is not None and (not languages or grammar.language in languages):
            functions, dropped = extract(path, source, grammar)
            found += functions
            left_out += dropped
    return Scan(tuple(found), tuple(left_out))


def _single(path: Path, languages: Collection[str] | None, kinds: frozenset[str]) -> Scan:
    """One file: the only language asked for is the one it is read in, whatever its name."""
    named = set(languages or ())
    head = path.read_bytes()[:64] if path.is_file() else b""
    if not named and all(grammar_for(path.name, head, kind=kind) is None for kind in KINDS):
        raise InputError(f"{path}: in no known language; add --language with one of {', '.join(LANGUAGES)}")
    return _file(path, path.name, languages, kinds, language=named.pop() if len(named) == 1 else None)
