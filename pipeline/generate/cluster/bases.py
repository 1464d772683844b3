"""A prepared commit on its way to other machines: packed once, unpacked once per machine, kept for the next run."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline import whole
from pipeline.rollout.base import ARCHIVE, GIT_DIR

KEPT = 8
"""Commits kept on a machine beside those in use, newest first."""


def packed(prepared: Path) -> bytes:
    """The folder that ``pipeline.rollout.base`` has prepared, as one tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in (GIT_DIR, ARCHIVE):
            tar.add(prepared / name, name)
    return buffer.getvalue()


@contextlib.contextmanager
def unpacked(root: Path, sha: str, fetch: Callable[[], bytes]) -> Iterator[Path]:
    """The prepared folder of ``sha`` below ``root``, where ``Workspaces`` looks for it; in use until the block ends.

    ``fetch`` gives what ``packed`` made; it is called only where the folder is not there yet. Several
    processes may ask at once.
    """
    bases = root / "bases"
    bases.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (bases / f"{sha}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not (bases / sha / ARCHIVE).is_file():
            # A lock of its own: who waits for the one who makes it must not wait for all who use it then.
            with (bases / f"{sha}.making").open("w") as making:
                fcntl.flock(making, fcntl.LOCK_EX)
                if not (bases / sha / ARCHIVE).is_file():
                    _unpack(bases / sha, fetch())
                    _forget_old(bases)
        os.utime(bases / sha)
        yield bases / sha


def _unpack(folder: Path, data: bytes) -> None:
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    part.mkdir()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        tar.extractall(part, filter="data")
    whole.on_disk(part)
    part.rename(folder)


def _forget_old(bases: Path) -> None:
    ages = {path: age for path in bases.iterdir() if path.suffix != ".part" and (age := _age(path)) is not None}
    for folder in sorted(ages, key=lambda path: -ages[path])[KEPT:]:
        with contextlib.suppress(BlockingIOError), (bases / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float | None:
    """When it was last used; None for what is no folder, or is gone: another process may tidy up, too."""
    with contextlib.suppress(FileNotFoundError):
        return folder.stat().st_mtime if folder.is_dir() else None
    return None
