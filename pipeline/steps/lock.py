"""One retraining at a time for a repository, wherever on this machine its cycle's folder is."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from pipeline.config import cache_dir
from pipeline.errors import InputError, RunError


def lock_file(registry: str, folder: Path | None, repo: str) -> Path:
    """The file that retrainings of ``repo`` into this registry lock: in the registry itself where that is a folder.

    For a registry at a URL it is this machine's alone; over several machines the scheduler sees to it (the
    workflow's ``concurrency``).
    """
    name = hashlib.sha256(repo.lower().encode()).hexdigest()[:16]
    if folder is not None:
        return folder / "locks" / f"{name}.lock"
    return cache_dir() / "locks" / f"{hashlib.sha256(registry.encode()).hexdigest()[:16]}-{name}.lock"


@contextlib.contextmanager
def alone(lock: Path, repo: str, out: Path) -> Iterator[None]:
    """Hold ``lock`` until the block or the process ends, however it ends. Raises InputError naming who holds it."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = lock.open("a+")
    except OSError as error:
        raise RunError(f"{lock}: cannot be written ({error.strerror}); mend that, or choose another registry") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{repo}: is being retrained already, by {_holder(lock)}; wait for that one") from None
        handle.truncate(0)
        since = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        handle.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "out": str(out), "since": since}))
        handle.flush()
        yield


def _holder(lock: Path) -> str:
    try:
        who = json.loads(lock.read_text())
        return f"process {who['pid']} on {who['host']} in {who['out']}, since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
