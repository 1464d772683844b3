"""An output folder in the hands of one process."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from pipeline.errors import InputError
from pipeline.whole import is_at


@contextlib.contextmanager
def held(out: Path, verb: str) -> Iterator[None]:
    """Hold ``out`` (made where absent) for this process alone, until the block or the process ends.

    Raises InputError when it is no usable folder, or when another process runs ``verb`` in it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{out}: is a file, or lies below one; name a folder with --out") from None
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}); choose another --out") from None
    with lock:
        _lock(lock, out, verb)
        yield


@contextlib.contextmanager
def held_beside(out: Path, verb: str) -> Iterator[None]:
    """As ``held``, for a folder that is replaced as a whole: the lock is a hidden file beside it, gone afterwards.

    Raises InputError as ``held`` does.
    """
    path = out.with_name(f".{out.name}.lock")
    with contextlib.ExitStack() as stack:
        while True:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context(path.open("w"))
            except OSError as error:
                raise InputError(f"{out}: cannot be written ({error.strerror}); choose another --out") from None
            _lock(lock, out, verb)
            if is_at(path, lock):  # else whoever held it before has just removed it
                break
        stack.callback(path.unlink, missing_ok=True)
        yield


def _lock(file: TextIO, out: Path, verb: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"{out}: another {verb} is at work in it; wait for it, or choose another --out") from None
