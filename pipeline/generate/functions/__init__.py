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
from pipeline.generate.functions.files import LANGUAGES, check_languages, grammar_for, read, source_files
from pipeline.types import Function, LeftOut

__all__ = ["LANGUAGES", "Scan", "functions_in", "functions_of", "scan"]


@dataclass(frozen=True)
class Scan:
    """What was found, and what was not used: files (too large, minified...) and functions with syntax errors."""

    functions: tuple[Function, ...]
    left_out: tuple[LeftOut, ...]


def functions_in(root: Path, languages: Collection[str] | None = None) -> Scan:
    """All functions under ``root`` (a folder or one file), by path and line.

    Paths are relative to the folder; of one file it is its name. ``languages``: None or empty
    for all. Raises InputError for an unknown language, a missing ``root``, or one file in no
    known language.
    """
    scans = list(scan(root, languages))
    return Scan(
        tuple(function for one in scans for function in one.functions),
        tuple(left_out for one in scans for left_out in one.left_out),
    )


def scan(root: Path, languages: Collection[str] | None = None) -> Iterator[Scan]:
    """``functions_in``, one file at a time."""
    check_languages(languages)
    if root.is_dir():
        return (_file(path, path.relative_to(root).as_posix(), languages) for path in source_files(root))
    if not root.exists():
        raise InputError(f"{root}: does not exist; give a source tree or one source file")
    return iter([_single(root, languages)])


def functions_of(path: str, source: bytes, language: str | None = None) -> list[Function]:
    """The functions of one file's content, without those that hold syntax errors.

    ``language`` None: told from ``path`` and content; a file in no known language has no functions.
    Raises InputError for an unknown language.
    """
    check_languages([language] if language else None)
    grammar = grammar_for(path, source, language)
    return extract(path, source, grammar)[0] if grammar else []


def _file(path: Path, shown: str, languages: Collection[str] | None, language: str | None = None) -> Scan:
    source = read(path, shown)
    if not isinstance(source, bytes):
        return Scan((), (source,) if source else ())
    grammar = grammar_for(shown, source, language)
    if grammar is None or (languages and grammar.language not in languages):
        return Scan((), ())
    functions, left_out = extract(shown, source, grammar)
    return Scan(tuple(functions), tuple(left_out))


def _single(path: Path, languages: Collection[str] | None) -> Scan:
    """One file: the only language asked for is the one it is read in, whatever its name."""
    named = set(languages or ())
    head = path.read_bytes()[:64] if path.is_file() else b""
    if not named and grammar_for(path.name, head) is None:
        raise InputError(f"{path}: in no known language; add --language with one of {', '.join(LANGUAGES)}")
    return _file(path, path.name, languages, language=named.pop() if len(named) == 1 else None)
