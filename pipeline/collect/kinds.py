"""Tell a changed file's kind from its content where its path is not enough: scripts, generated code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pipeline.collect.changes import Files, Pair
from pipeline.git import git
from pipeline.patch.classes import HEAD_BYTES, kind_of
from pipeline.types import ChangedFile

MANY_LINES = 50
"""Changed lines from which code is looked at for a generator's mark; reading every file would cost too much."""


def by_content(clone: Path, pairs: Sequence[Pair], files: Sequence[Files]) -> list[Files]:
    """``files`` (of ``pairs``) with kinds told from content too; one git call. Raises GitError."""
    names = [name for pair, changed in zip(pairs, files, strict=True) for f in changed for name in _names(pair, f)]
    heads = _heads(clone, list(dict.fromkeys(names)))
    return [tuple(_told(pair, file, heads) for file in changed) for pair, changed in zip(pairs, files, strict=True)]


def _names(pair: Pair, file: ChangedFile) -> Iterator[str]:
    """Where git finds the content: after the change, or before it where the file is gone."""
    script = file.kind == "other" and not PurePosixPath(file.path).suffix
    large = file.kind == "source" and file.added + file.removed >= MANY_LINES
    if (script or large) and "\n" not in file.path:
        yield f"{pair[0]}:{file.path}"
        yield f"{pair[1]}:{file.renamed_from or file.path}"


def _told(pair: Pair, file: ChangedFile, heads: Mapping[str, bytes]) -> ChangedFile:
    head = next((heads[name] for name in _names(pair, file) if name in heads), b"")
    return replace(file, kind=kind_of(file.path, head)) if head else file


def _heads(clone: Path, names: Sequence[str]) -> dict[str, bytes]:
    if not names:
        return {}
    out = git(clone, "cat-file", "--batch", input="".join(f"{name}\n" for name in names).encode())
    heads: dict[str, bytes] = {}
    at = 0
    for name in names:
        end = out.index(b"\n", at)
        words = out[at:end].rsplit(b" ", 2)
        at = end + 1
        if words[-1].isdigit() and len(words) == 3:  # "sha blob size", or "NAME missing" without a content
            size = int(words[-1])
            if words[1] == b"blob":
                heads[name] = out[at : at + min(size, HEAD_BYTES)]
            at += size + 1
    return heads
