"""What kind of file a path names: the one owner of this classification.

Mining, recall, function filters and reports all ask here, so that one file is never source
in one place and a test in another. A kind is told from the path, and where the caller has
it from the head of the content (generated-file marks, NUL bytes, shebangs, minified lines).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from pipeline.patch import tables

KINDS = ("source", "test", "doc", "lock", "generated", "ci", "binary", "other")

HEAD_BYTES = 2048
"""How much of a file's beginning ``kind_of`` looks at; more does no harm."""

LONG_LINE_BYTES = 1024
"""A script or style sheet whose head has a line this long is minified."""


def _any_of(patterns: tuple[str, ...], flags: int = 0) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


_GENERATED_NAMES = _any_of(tables.GENERATED_NAMES)
_TEST_NAMES = _any_of(tables.TEST_NAMES)
_TEST_FOLDER = re.compile(tables.TEST_FOLDER_ENDINGS)
_CI_NAMES = _any_of(tables.CI_NAMES)
_MARKS = re.compile(b"|".join(b"(?:%s)" % mark for mark in tables.GENERATED_MARKS), re.IGNORECASE)
_COMMENT = re.compile(rb"^\s*(?:#|//|/\*|\*|--|;|<!--|%|\"\"\"|@)")
_MINIFIABLE = frozenset({"js", "css", "mjs", "cjs"})


def kind_of(path: str, head: bytes = b"") -> str:
    """One of ``KINDS`` for the file at ``path`` (relative, with slashes).

    ``head`` is the beginning of its content; b"" when unknown: then the path alone decides.
    Vendored, minified and snapshot files are "generated"; prose and change logs are "doc",
    wherever they lie; configuration and data that no other table names are "other".
    """
    kind = _kind_of_path(path)
    return _kind_of_head(kind, path, head[:HEAD_BYTES]) if head else kind


def is_source(path: str) -> bool:
    """Whether people write this file and the product is made of it: what the headline recall counts."""
    return _kind_of_path(path) == "source"


def is_vendored(path: str) -> bool:
    """Whether the file lies among code that was copied in from elsewhere; ``kind_of`` calls such files generated."""
    return _is_vendored(tuple(folder.lower() for folder in PurePosixPath(path).parts[:-1]))


@lru_cache(maxsize=65536)
def _kind_of_path(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts:
        return "other"
    folders, name = parts[:-1], parts[-1]
    lowered = tuple(folder.lower() for folder in folders)
    for kind, matches in _RULES:
        if matches(lowered, folders, name):
            return kind
    return "other"


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix[1:].lower()


def _is_lock(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    return name.lower().endswith(".lock") or name.lower() in tables.LOCK_NAMES


def _is_generated(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    if not tables.GENERATED_FOLDERS.isdisjoint(lowered) or _is_vendored(lowered):
        return True
    return bool(_GENERATED_NAMES.fullmatch(name.lower()))


def _is_vendored(lowered: tuple[str, ...]) -> bool:
    return not tables.VENDORED_FOLDERS.isdisjoint(lowered) or not tables.VENDORED_ROOTS.isdisjoint(lowered[:1])


def _is_binary(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    return _suffix(name) in tables.BINARY_SUFFIXES


def _is_ci(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    in_folder = "/".join((*lowered, "")).startswith(tables.CI_FOLDERS)
    return in_folder or bool(_CI_NAMES.fullmatch(name.lower()))


def _is_prose(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    suffix = _suffix(name)
    if suffix in tables.SOURCE_SUFFIXES:
        return False
    named = re.split(r"[.-]", name.lower())[0] in tables.PROSE_NAMES
    return suffix in tables.PROSE_SUFFIXES or named or not tables.PROSE_FOLDERS.isdisjoint(lowered)


def _is_test_file(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    if not tables.TEST_FOLDERS.isdisjoint(lowered) or (lowered and lowered[0] in tables.TEST_ROOTS):
        return True
    return any(map(_TEST_FOLDER.fullmatch, folders)) or bool(_TEST_NAMES.fullmatch(name))


def _is_documentation(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    return bool(lowered) and lowered[0] in tables.PROSE_ROOTS


def _is_code(lowered: tuple[str, ...], folders: tuple[str, ...], name: str) -> bool:
    return _suffix(name) in tables.SOURCE_SUFFIXES


# The first match wins. Locks and vendored files keep their kind inside test folders, and a
# read-me among the tests is prose: none of them says what the product does.
_RULES = (
    ("lock", _is_lock),
    ("binary", _is_binary),
    ("generated", _is_generated),
    ("ci", _is_ci),
    ("doc", _is_prose),
    ("test", _is_test_file),
    ("doc", _is_documentation),
    ("source", _is_code),
)


def _kind_of_head(kind: str, path: str, head: bytes) -> str:
    if kind in ("lock", "binary", "generated"):
        return kind
    if b"\0" in head:
        return "binary"
    if kind in ("source", "test", "other") and _looks_generated(path, head):
        return "generated"
    if kind == "other" and head.startswith(b"#!"):
        return "source"
    return kind


def _looks_generated(path: str, head: bytes) -> bool:
    lines = head.split(b"\n")
    if _suffix(path) in _MINIFIABLE and max(map(len, lines)) >= LONG_LINE_BYTES:
        return True
    return any(_COMMENT.match(line) and _MARKS.search(line) for line in lines[:12])
