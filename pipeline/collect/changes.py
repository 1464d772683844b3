"""Which files change between pairs of commits: all pairs in one git call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.git import NO_DRIVERS, GitError, git, piped
from pipeline.patch.classes import kind_of
from pipeline.types import ChangedFile

Pair = tuple[str, str]
"""(new, old): what ``new`` changes against ``old``."""

Files = tuple[ChangedFile, ...]

MOST_LACKING = 100
"""Unreadable changes beyond which it is the clone that is at fault, not some lost objects."""

_MISSING = re.compile(r"unable to read|bad object|missing|could not (?:get|read)|not our ref|promisor", re.IGNORECASE)

_RENAMES = ("-M", "-l400")
"""Renames are followed; beyond 400 moved files only exact ones, for pairing is quadratic."""


def changes(clone: Path, pairs: Sequence[Pair]) -> list[Files | None]:
    """The changed files of each pair, in the order of ``pairs``; None where the clone lacks objects.

    Raises InputError when so many are lacking that the clone must be a partial one, and GitError.
    """
    return _Reader(clone).read(pairs)


@dataclass
class _Reader:
    clone: Path
    lacking: int = 0

    def read(self, pairs: Sequence[Pair]) -> list[Files | None]:
        """One git call when all is there; halves again and again to single out what is not."""
        if not pairs:
            return []
        try:
            return list(_numstat(self.clone, pairs))
        except GitError as error:
            if not _MISSING.search(error.stderr):
                raise
        if len(pairs) == 1:
            self._count()
            return [None]
        middle = len(pairs) // 2
        return self.read(pairs[:middle]) + self.read(pairs[middle:])

    def _count(self) -> None:
        self.lacking += 1
        if self.lacking > MOST_LACKING:
            raise InputError(
                f"{self.clone}: lacks the contents of many files (a partial clone?); clone it again without --filter"
            )


def _numstat(clone: Path, pairs: Sequence[Pair]) -> list[Files]:
    out = git(clone, "diff-tree", "-r", "-z", "--stdin", "--always", "--numstat", *_RENAMES, input=_lines(pairs))
    groups = list(_groups(iter(out.decode("utf-8", "replace").split("\0")[:-1]), {new for new, _ in pairs}))
    assert len(groups) == len(pairs), "git diff-tree --always answers each pair once"
    return groups


def patch_ids(clone: Path, pairs: Sequence[Pair]) -> dict[str, str]:
    """New sha to patch-id (line numbers and white space do not count); empty changes have none."""
    first = ("diff-tree", "-r", "-p", "--stdin", *NO_DRIVERS)
    out = piped(clone, first, ("patch-id", "--stable"), _lines(pairs)).decode()
    return {sha: patch for patch, sha in (line.split() for line in out.splitlines())}


def _lines(pairs: Sequence[Pair]) -> bytes:
    return "".join(f"{new} {old}\n" for new, old in pairs).encode()


def _groups(tokens: Iterator[str], heads: set[str]) -> Iterator[Files]:
    files: list[ChangedFile] | None = None
    for token in tokens:
        if token in heads:
            if files is not None:
                yield tuple(files)
            files = []
        elif files is not None:
            files.append(_file(token, tokens))
    if files is not None:
        yield tuple(files)


def _file(token: str, tokens: Iterator[str]) -> ChangedFile:
    added, removed, path = token.split("\t", 2)
    if path:
        return _changed(path, added, removed, None)
    old, new = next(tokens), next(tokens)  # with -z a rename is "counts", old, new
    return _changed(new, added, removed, old)


def _changed(path: str, added: str, removed: str, old: str | None) -> ChangedFile:
    if added == "-":  # git's word for binary
        return ChangedFile(path, "binary", 0, 0, old)
    return ChangedFile(path, kind_of(path), int(added), int(removed), old)
