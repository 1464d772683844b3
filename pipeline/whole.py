"""Files that are there whole or not at all: a reader, and a kill, see the old file or the new one.

A draft is filled beside the file, on the disk before it takes the file's place, and has one hidden name: what a
killed process leaves is taken over by the next that writes the same file. Several at once take turns.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

PART = ".part"
"""Ends the name of a file that is still being written; such names are hidden."""

BLOCK = 1 << 20
"""Bytes compared at once."""


def write(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put ``data`` at ``path``, whose folder exists, in place of what is there. Raises OSError.

    ``durable``: it outlives a loss of power; not needed where the next one is seconds away.
    """
    with replacing(path, durable=durable) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """An empty file to fill, which takes the place of ``path`` when the block ends well; else ``path`` stays.

    So does one that holds the same already. Raises OSError; then, and when the block raises, nothing is left
    beside ``path``.
    """
    with held_draft(path) as file:
        draft = Path(file.name)
        try:
            file.truncate(0)
            yield file
            file.flush()
            if path.is_file() and alike(draft, path) == draft.stat().st_size == path.stat().st_size:
                draft.unlink()
                return
            if durable:
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def held_draft(path: Path) -> Iterator[BinaryIO]:
    """The draft of ``path``, at its end, for one writer at a time; it may hold what a killed one has written.

    Whoever holds it moves it, or removes it, before letting it go: the next in turn then makes another.
    """
    draft = path.with_name(f".{path.name}{PART}")
    while True:
        with draft.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_at(draft, file):
                yield file
                return


def is_at(draft: Path, file: IO[Any]) -> bool:
    """Whether the open ``file`` is still the one of that name: whoever held it before may have moved it."""
    try:
        return os.path.samestat(draft.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def alike(one: Path, other: Path) -> int:
    """Bytes, in whole blocks or to the end of ``one``, in which both files begin alike."""
    done = 0
    with one.open("rb") as a, other.open("rb") as b:
        while part := a.read(BLOCK):
            if part != b.read(len(part)):
                break
            done += len(part)
    return done


def on_disk(folder: Path) -> None:
    """Force what lies in ``folder``, and below it, to the disk: what is declared whole must outlive a loss of power."""
    for top, _, names in os.walk(folder):
        for path in (*(Path(top, name) for name in names), Path(top)):
            if not path.is_symlink() and (path.is_file() or path.is_dir()):
                _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
