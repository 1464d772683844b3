"""An output folder in the hands of one process."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError


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
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{out}: another {verb} is at work in it; wait for it, or choose another --out") from None
        yield
