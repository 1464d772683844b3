"""The folder of an export: filled beside its place and put there at one stroke."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError
from pipeline.folders import held_beside

MARK = "export.json"
"""What tells a folder of ours from others; it holds the summary."""

_AT_FDCWD, _EXCHANGE = -100, 2


@contextlib.contextmanager
def place(out: Path, sources: list[Path], force: bool) -> Iterator[Path]:
    """A new folder to fill, which becomes ``out`` when the block ends well; otherwise ``out`` stays as it was.

    Raises InputError where ``out`` holds something that is no export (unless ``force``), a source
    of this export, or cannot be written, and when another export is filling it.
    """
    out = out.resolve()
    _check(out, sources, force)
    part = out.with_name(f".{out.name}.part")
    with held_beside(out, "export"):
        try:
            shutil.rmtree(part, ignore_errors=True)  # what an export that was killed has left
            part.mkdir()
            yield part
            _put(part, out)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise


def _check(out: Path, sources: list[Path], force: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out}: is a file; name a folder with --out")
    inside = [source for source in sources if out in source.resolve().parents]
    if inside:
        raise InputError(f"{out}: holds the source {inside[0]}, which would be replaced; choose another --out")
    if (out / ".git").exists():
        raise InputError(f"{out}: is a git work tree; choose another --out")
    if any(out.iterdir()) and not (out / MARK).is_file() and not force:
        raise InputError(
            f"{out}: holds something that is no export; choose another --out, or replace it all with --force"
        )


def _put(part: Path, out: Path) -> None:
    if not out.exists():
        part.rename(out)
        return
    if not _exchange(part, out):
        # The file system cannot swap: a kill between these two leaves the old export beside its place.
        old = part.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
        part.rename(out)
        part = old
    shutil.rmtree(part)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders at one stroke; False where the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    return bool(libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0)
