"""The durable inbox: what is answered 202 is on the disk, also when the power goes a moment later.

One thread owns one connection (WAL, synchronous=FULL). It takes all deliveries that wait, commits
them together, and only then are their senders answered: under load the disk is waited for once
per batch, not once per delivery.

Not done here: verifying (webhook.py) and working on what was stored (bot/handle).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from bot.receive.webhook import Arrival
from pipeline.errors import RunError

log = logging.getLogger(__name__)

BATCH = 256
"""Deliveries per commit at most."""

LOCK_SECONDS = 4.0
"""How long a commit waits for another process's transaction: GitHub waits 10 s for its answer."""

IDLE_SECONDS = 1.0
"""After so long without a delivery the thread sees to what could wait: trouble that may be over, the WAL."""

LONG_WAL = 128 * 1024**2
"""Bytes. Shorter than that it is checkpointed when nothing comes: in a storm each page is then written once.

4,000 deliveries or so. One that comes while it is checkpointed waits for a tenth of a second: the p99 of a storm.
"""


class Unwritable(RunError):
    """The database takes nothing at the moment (disk full, locked): answer 503, GitHub keeps the delivery."""


Then = Callable[[bool | Unwritable], None]
"""Told what became of a delivery: durable and new (True), durable and known before (False), or not stored."""


def insert(db: sqlite3.Connection, arrivals: Sequence[Arrival], source: str = "webhook") -> int:
    """Store as waiting; how many were new. Known GUIDs change nothing. Leaves the commit to the caller.

    ``source``: "webhook", or "recovered" when it was fetched from GitHub's list of deliveries.
    """
    return sum(sum(_insert(db, arrivals[at : at + BATCH], source)) for at in range(0, len(arrivals), BATCH))


def _insert(db: sqlite3.Connection, arrivals: Sequence[Arrival], source: str) -> list[bool]:
    """Whether each was new. One statement, so that this thread and the server's take turns once, not per row."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    rows = ((a.guid, a.event, a.action, a.installation, a.repo_id, now, source, a.body) for a in arrivals)
    statement = f"{_INSERT} {', '.join([_ROW] * len(arrivals))} ON CONFLICT (guid) DO NOTHING"
    cursor = db.execute(statement, [value for row in rows for value in row])
    if cursor.rowcount == len(arrivals):
        return [True] * len(arrivals)
    return _which(db, arrivals, cursor.rowcount, cursor.lastrowid or 0)


_INSERT = "INSERT INTO deliveries (guid, event, action, installation, repo_id, received_at, source, state, body) VALUES"
_ROW = "(?, ?, ?, ?, ?, ?, ?, 'waiting', ?)"


def _which(db: sqlite3.Connection, arrivals: Sequence[Arrival], count: int, last: int) -> list[bool]:
    """Which of them are the ``count`` rows that one statement has just added, up to the id ``last``."""
    added = db.execute("SELECT guid FROM deliveries WHERE id > ? AND id <= ?", (last - count, last)) if count else ()
    new = {guid for (guid,) in added}
    found = []
    for arrival in arrivals:
        found.append(arrival.guid in new)
        new.discard(arrival.guid)  # the same GUID again in one batch was not new
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    arrival: Arrival
    then: Then
    loop: asyncio.AbstractEventLoop


_END: list[_Entry] = []
"""Handed over last; told apart by what it is, not by what is in it."""


class Inbox:
    """The writer thread of one database, whose schema must be up to date. ``start`` it, ``close`` it once."""

    def __init__(self, path: Path, ring: Callable[[], None]) -> None:
        """``ring`` is called in the writer thread after each commit; it must neither block nor raise."""
        self._path = path
        self._ring = ring
        self._gathered: list[_Entry] = []
        self._waiting: SimpleQueue[list[_Entry]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="inbox", daemon=True)
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self.can_store = True
        """Whether the last thing that was written could be."""

    def start(self) -> None:
        self._thread.start()

    def hand(self, arrival: Arrival, then: Then) -> None:
        """Store it; ``then`` is called in this, the running event loop, once it is durable or could not be stored.

        A callback and not a future: waking a task for each delivery costs half as much as storing it.
        """
        loop = asyncio.get_running_loop()
        self._gathered.append(_Entry(arrival, then, loop))
        if len(self._gathered) == 1:
            loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Wake the thread once for all that this turn of the event loop has brought, instead of for each."""
        gathered, self._gathered = self._gathered, []
        self._waiting.put(gathered)

    def close(self) -> None:
        """Store what still waits, then end the thread. Call it in the event loop, or after its end."""
        if self._gathered:
            self._hand_over()
        self._waiting.put(_END)
        self._thread.join()

    def _work(self) -> None:
        goes_on = True
        while goes_on:
            taken, goes_on = self._take()
            for at in range(0, len(taken), BATCH):
                self._store(taken[at : at + BATCH])
            if not taken and goes_on:
                self._see_to_the_rest()
        self._disconnect()

    def _take(self) -> tuple[list[_Entry], bool]:
        """What waits, or nothing when nothing has come for a while; and whether to go on after it."""
        taken: list[_Entry] = []
        try:
            part = self._waiting.get(timeout=IDLE_SECONDS)
            while part is not _END:
                taken += part
                part = self._waiting.get_nowait()
        except Empty:
            return taken, True
        return taken, False

    def _store(self, batch: Sequence[_Entry]) -> None:
        try:
            new = self._commit([entry.arrival for entry in batch])
        except Exception as error:  # whatever it is: without this thread each later sender would wait for ever
            self._fail(error, len(batch))
            why = Unwritable("the database cannot be written at the moment; the log says why")
            _answer(batch, [why] * len(batch))
            return
        self._mend()
        _answer(batch, new)
        self._ring()

    def _commit(self, arrivals: Sequence[Arrival]) -> list[bool]:
        return _insert(self._connected(), arrivals, "webhook")  # outside of a transaction it is one of its own

    def _connected(self) -> sqlite3.Connection:
        """The connection, opened anew after a failure and when another file lies at the path.

        A file that was deleted or replaced under us would go on taking rows that nobody finds again.
        """
        status = self._path.stat()
        if self._connection is None or self._file != (status.st_dev, status.st_ino):
            self._disconnect()
            self._file = (status.st_dev, status.st_ino)
            self._connection = _connect(self._path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()  # rolls back what is open
            self._connection = None

    def _fail(self, error: Exception, lost: int) -> None:
        self.can_store = False
        self._disconnect()
        log.error("%s: %d deliveries answered 503, GitHub keeps them: %s", self._path, lost, error)

    def _mend(self) -> None:
        if not self.can_store:
            log.warning("%s: can be written again", self._path)
        self.can_store = True

    def _see_to_the_rest(self) -> None:
        try:
            if not self.can_store:
                _write_something(self._connected())
                self._mend()
            elif self._connection is not None:
                _checkpoint(self._connection, self._path)
        except (sqlite3.Error, OSError):
            self._disconnect()


def _answer(batch: Sequence[_Entry], outcome: Sequence[bool | Unwritable]) -> None:
    """Tell the senders in their own event loop, which may be gone when the server was made to end at once."""
    loop = batch[0].loop
    if not loop.is_closed():
        loop.call_soon_threadsafe(_tell, batch, outcome)


def _tell(batch: Sequence[_Entry], outcome: Sequence[bool | Unwritable]) -> None:
    for entry, result in zip(batch, outcome, strict=True):
        try:
            entry.then(result)
        except Exception:  # the others of the batch wait for their answer
            log.exception("a delivery that was stored could not be answered")


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"  # never an empty new file in the place of a lost one
    db = sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        (page_size,) = db.execute("PRAGMA page_size").fetchone()
        db.execute(f"PRAGMA wal_autocheckpoint = {LONG_WAL // page_size}")
        db.execute(f"PRAGMA journal_size_limit = {LONG_WAL}")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _write_something(db: sqlite3.Connection) -> None:
    """A commit that needs the disk and changes nothing."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    db.execute(f"PRAGMA user_version = {version}")


def _checkpoint(db: sqlite3.Connection, path: Path) -> None:
    """Costs next to nothing when there is nothing to do. A WAL that readers made grow is cut, once none reads."""
    if path.with_name(f"{path.name}-wal").stat().st_size <= LONG_WAL + LONG_WAL // 4:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return
    db.execute("PRAGMA busy_timeout = 0")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000:.0f}")
