"""What was deleted, off the disk: out of the database's own files, and the mirror of a repository."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import RunError
from pipeline.store import Store

PATIENCE = 60.0
"""Seconds to wait for somebody who fetches the mirror just now."""


def bytes_of(store: Store) -> None:
    """Write the database anew without what was deleted, and empty its journal.

    SQLite only forgets where a deleted row was: its text stays in the file until something else is
    written there. Needs free space of the database's size. Raises RunError while others use it.
    """
    path = store.path
    try:
        store.db.execute("VACUUM")
        busy, _, _ = store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise RunError(_unfinished(path, str(error))) from None
    if busy:
        raise RunError(_unfinished(path, "another process is reading it"))


def _unfinished(path: Path, why: str) -> str:
    return (
        f"{path}: the rows are gone, but their bytes could not be taken out of the file yet ({why}); "
        "run the same command again, with the bot stopped if this stays"
    )


def mirror(db: Path, id: int) -> list[Path]:
    """Delete the mirror of repository ``id``, a half-made one too; what was deleted. Raises RunError."""
    folder = Path(f"{db.absolute()}.mirrors")
    found = [path for path in (folder / f"{id}.git", folder / f"{id}.git.new") if path.exists()]
    if not found:
        return []
    with _held(folder / f"{id}.lock"):
        for path in found:
            try:
                shutil.rmtree(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise RunError(f"{path}: cannot be deleted ({error.strerror}); delete it by hand") from None
    return found


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    """The lock that whoever writes to a mirror takes."""
    with lock.open("a") as handle:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise RunError(
                        f"{lock}: another process is fetching the mirror; run the same again later"
                    ) from None
                time.sleep(0.1)
        yield
