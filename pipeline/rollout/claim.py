"""Folders that belong to a living process: what a killed one left behind is deleted by whoever comes next.

A claimed folder holds a lock that its process keeps until it ends, however it ends. It gets its
name only once it is locked, so that nobody takes it for abandoned before.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import RunError
from pipeline.rollout import hostile

_LOCK = "lock"
_TEMPORARY = "switchover-"

_CLAIMING = threading.Lock()
"""Held where this process's own folder is made, once for all of its threads."""


@dataclass(frozen=True)
class Claim:
    """A folder of this process, for as long as this object lives."""

    path: Path
    lock: int

    def __del__(self) -> None:
        os.close(self.lock)


def claim(where: Path, prefix: str = "") -> Claim:
    """A new folder in ``where``, named ``prefix`` and something unique; abandoned ones of that prefix are deleted.

    Raises OSError when ``where`` cannot be used.
    """
    where.mkdir(parents=True, exist_ok=True)
    for folder in where.glob(f"{prefix}*"):
        if not folder.name.startswith("."):
            _remove_if_abandoned(folder)
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=where))
    lock = os.open(made / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return Claim(made.rename(where / f"{prefix}{uuid.uuid4().hex}"), lock)


def _remove_if_abandoned(folder: Path) -> None:
    with contextlib.suppress(OSError, RunError):  # it is gone, no folder, not one of ours, in use, or stays
        if folder.lstat().st_uid != os.geteuid():
            return
        lock = os.open(folder / _LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hostile.remove(folder)
        finally:
            os.close(lock)


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """A new folder that nobody else can enter, on the disk for temporary files; deleted with all that is in it."""
    folder = Path(tempfile.mkdtemp(dir=_own()))
    try:
        yield folder
    finally:
        hostile.remove(folder)


def _own() -> Path:
    where = tempfile.gettempdir()
    with _CLAIMING:
        if not _of_this_process(where).path.is_dir():  # whoever cleans up there took it for forgotten
            _of_this_process.cache_clear()
        return _of_this_process(where).path


@functools.cache
def _of_this_process(where: str) -> Claim:
    claimed = claim(Path(where).resolve(), _TEMPORARY)
    atexit.register(_remove_own, claimed.path, os.getpid())
    return claimed


def _remove_own(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not in a fork
        shutil.rmtree(folder, ignore_errors=True)
