"""The human patches: what a merged pull request changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.collect.changes import Pair
from pipeline.errors import InputError
from pipeline.git import NO_DRIVERS, GitError, git
from pipeline.types import Task

_HEADER = re.compile(rb"^([0-9a-f]{40,64})$", re.MULTILINE)
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def gold_patch(clone: Path, task: Task) -> bytes:
    """The whole human patch of ``task``, from ``base_sha`` to ``merge_sha``, tests and binaries included.

    It applies to the base with ``git apply``. Raises InputError when ``clone`` lacks the commits.
    """
    options = ("-r", "-p", "-M", "--binary", "--full-index", *NO_DRIVERS)
    try:
        return git(clone, "diff-tree", *options, task.base_sha, task.merge_sha)
    except GitError as error:
        what = f"{clone}: lacks the commits of {task.id} ({error.stderr.splitlines()[-1] if error.stderr else error})"
        raise InputError(f"{what}; fetch them, or collect again from a clone that has them") from None


def patches(clone: Path, pairs: Sequence[Pair], paths: Sequence[str] = ()) -> Iterator[bytes]:
    """Text patches of the pairs, in order, in one git call; only of ``paths`` where given (git pathspecs).

    Binary files are named, not contained. Raises GitError.
    """
    if not pairs:
        return
    lines = "".join(f"{new} {old}\n" for new, old in pairs).encode()
    options = ("-r", "-p", "-M", "-l400", "--stdin", "--always", *NO_DRIVERS)
    out = git(clone, "diff-tree", *options, "--", *paths, input=lines)
    # No line of a diff looks like a header: each begins with a sign, a space or a word.
    starts = list(_HEADER.finditer(out))
    assert len(starts) == len(pairs), "git diff-tree --always answers each pair once"
    ends = [found.start() for found in starts[1:]] + [len(out)]
    for start, end in zip(starts, ends, strict=True):
        yield out[start.end() + 1 : end]


def changed_lines(patch: bytes) -> Iterator[tuple[str, str, str]]:
    """(path, sign, text) of each added ("+") and removed ("-") line; the path is the new one.

    Reads by hunk lengths, so that a line such as "--- x" in a file is not taken for a header.
    """
    path, old, new = "", 0, 0
    for raw in patch.split(b"\n"):
        if old > 0 or new > 0:
            sign = raw[:1]
            old -= sign in (b"-", b" ")
            new -= sign in (b"+", b" ")
            if sign in (b"+", b"-"):
                yield path, sign.decode(), raw[1:].decode("utf-8", "replace")
        elif raw.startswith((b"+++ b/", b"--- a/")):
            path = raw[6:].decode("utf-8", "replace").rstrip("\t")
        elif raw.startswith((b'+++ "', b'--- "')):
            path = ""  # a name that git had to quote; better nobody's lines than those of the file before
        elif found := _HUNK.match(raw):
            old, new = int(found[1] or 1), int(found[2] or 1)
