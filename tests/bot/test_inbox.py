"""The durable inbox: stored before it is answered, once per GUID, and honest when nothing can be written."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.receive import inbox
from bot.receive.inbox import BATCH, Inbox, Unwritable, insert
from bot.receive.webhook import Arrival
from pipeline.store import Store
from tests.bot.receiver import receiving, rows


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "so #1?.db"  # a name that is odd in an address
    Store.open(path).close()
    return path


def arrival(guid: str, body: bytes = b"{}") -> Arrival:
    return Arrival(guid, "issues", "opened", None, 9, body)


@contextmanager
def open_inbox(db: Path, ring: Callable[[], None] = lambda: None) -> Iterator[Inbox]:
    box = Inbox(db, ring)
    box.start()
    try:
        yield box
    finally:
        box.close()


def handed(box: Inbox, arrival: Arrival) -> asyncio.Future[bool]:
    told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def tell(outcome: bool | Unwritable) -> None:
        if isinstance(outcome, Unwritable):
            told.set_exception(outcome)
        else:
            told.set_result(outcome)

    box.hand(arrival, tell)
    return told


def put(box: Inbox, *arrivals: Arrival) -> list[bool]:
    async def all_at_once() -> list[bool]:
        return list(await asyncio.gather(*[handed(box, arrival) for arrival in arrivals]))

    return asyncio.run(all_at_once())


def test_what_is_put_is_there(db: Path) -> None:
    with open_inbox(db) as box:
        assert put(box, arrival("a", b"\x00\xff"), arrival("b")) == [True, True]
        assert rows(db) == [("a", b"\x00\xff"), ("b", b"{}")]


def test_the_first_of_one_guid_is_new_and_no_other(db: Path) -> None:
    with open_inbox(db) as box:
        assert put(box, arrival("a", b"1"), arrival("b"), arrival("a", b"2"), arrival("b")) == [
            True,
            True,
            False,
            False,
        ]
        assert put(box, arrival("b"), arrival("c"), arrival("a")) == [False, True, False]
        assert put(box, arrival("a"), arrival("b")) == [False, False]
    assert rows(db) == [("a", b"1"), ("b", b"{}"), ("c", b"{}")]


def test_many_share_few_commits_and_each_rings_once(db: Path) -> None:
    rings: list[float] = []
    many = [arrival(str(number)) for number in range(3 * BATCH)]
    with open_inbox(db, lambda: rings.append(time.monotonic())) as box:
        assert all(put(box, *many))
    assert 3 <= len(rings) < 20
    assert len(rows(db)) == 3 * BATCH


def test_nobody_is_answered_before_the_commit(db: Path) -> None:
    """Another connection holds the write lock: no answer; it lets go: the answer, and the row."""
    other = sqlite3.connect(db, isolation_level=None, check_same_thread=False)
    with open_inbox(db) as box:
        other.execute("BEGIN IMMEDIATE")
        let_go = threading.Event()
        release = threading.Timer(0.5, lambda: (let_go.set(), other.execute("ROLLBACK")))
        release.start()
        assert put(box, arrival("a")) == [True]
        assert let_go.is_set()
        release.join()
    other.close()
    assert rows(db, "guid") == [("a",)]


def test_a_database_locked_for_too_long_is_said_and_mended(
    db: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(inbox, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(inbox, "IDLE_SECONDS", 0.05)
    caplog.set_level(logging.WARNING)
    other = sqlite3.connect(db, isolation_level=None)
    with open_inbox(db) as box:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unwritable, match="the log says why"):
            put(box, arrival("a"))
        assert not box.can_store
        other.execute("ROLLBACK")
        wait_for(lambda: box.can_store)  # without any delivery
        assert put(box, arrival("a")) == [True]
    other.close()
    assert [line.getMessage().split(": ", 1)[1] for line in caplog.records] == [
        "1 deliveries answered 503, GitHub keeps them: database is locked",
        "can be written again",
    ]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_file_that_is_taken_away_takes_no_more(db: Path, tmp_path: Path) -> None:
    """Rows in a deleted file would be answered 202 and never be found again."""
    with open_inbox(db) as box:
        assert put(box, arrival("a")) == [True]
        db.rename(tmp_path / "moved.db")
        with pytest.raises(Unwritable):
            put(box, arrival("b"))
        assert not db.exists(), "no empty file takes its place"
        db.with_name(f"{db.name}-wal").unlink(missing_ok=True)
        db.with_name(f"{db.name}-shm").unlink(missing_ok=True)
        Store.open(db).close()
        assert put(box, arrival("b")) == [True]
    assert rows(db, "guid") == [("b",)]


def test_a_row_that_sqlite_refuses_does_not_end_the_thread(db: Path) -> None:
    with open_inbox(db) as box:
        with pytest.raises(Unwritable):
            put(box, Arrival("a", "issues", None, 2**64, None, b"{}"))
        assert put(box, arrival("b")) == [True]


def test_what_waits_at_the_end_is_stored(db: Path) -> None:
    async def put_and_close() -> list[bool]:
        box = Inbox(db, lambda: None)
        waiting = [handed(box, arrival(str(number))) for number in range(1000)]
        await asyncio.sleep(0)
        box.start()
        box.close()
        return list(await asyncio.gather(*waiting))

    assert all(asyncio.run(put_and_close()))
    assert len(rows(db)) == 1000


def test_a_recovered_delivery_is_the_same_row(db: Path) -> None:
    """The plain function, inside somebody else's transaction."""
    many = [arrival(str(number)) for number in range(BATCH + 10)]
    with Store.open(db) as store:
        with store.atomic():
            assert insert(store.db.conn, many, source="recovered") == BATCH + 10
            assert insert(store.db.conn, [*many, arrival("new")], source="recovered") == 1
            assert insert(store.db.conn, [], source="recovered") == 0
        assert {row["source"] for row in store.db.query("SELECT source FROM deliveries")} == {"recovered"}
        with pytest.raises(ZeroDivisionError), store.atomic():
            insert(store.db.conn, [arrival("rolled back")])
            raise ZeroDivisionError
    assert len(rows(db)) == BATCH + 11


def test_the_wal_stays_short_although_somebody_reads_all_the_time(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "LONG_WAL", 256 * 1024)
    monkeypatch.setattr(inbox, "IDLE_SECONDS", 0.05)
    reader = sqlite3.connect(db, isolation_level=None)
    wal = db.with_name(f"{db.name}-wal")
    with open_inbox(db) as box:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM deliveries").fetchone()
        for number in range(100):
            put(box, arrival(str(number), bytes(10_000)))
        assert wal.stat().st_size > 1_000_000, "nothing can be reused while it is read"
        reader.execute("COMMIT")
        wait_for(lambda: wal.stat().st_size <= 256 * 1024)
        assert put(box, arrival("after")) == [True]
    reader.close()
    assert len(rows(db)) == 101


def test_a_full_disk_is_answered_503_and_nothing_is_lost(tmp_path: Path) -> None:
    """A file-size limit on the running process stands in for the disk: write() fails in the same place."""
    db, body = tmp_path / "so.db", json.dumps({"action": "x" * 50_000}).encode()
    with receiving(db) as receiver:
        assert receiver.deliver(body, "before").status == 202
        _, hard = resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE, (8192, hard))  # less than one page of ours
        for number in range(5):
            answer = receiver.deliver(body, f"full-{number}")
            assert (answer.status, answer.headers["retry-after"]) == (503, "30")
            assert str(tmp_path) not in answer.json["error"]
        assert receiver.get("/healthz").status == 503
        resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        wait_for(lambda: receiver.get("/healthz").status == 200)
        assert receiver.deliver(body, "after").status == 202
        assert rows(db, "guid") == [("before",), ("after",)]
    log = receiver.log.read_text()
    assert "deliveries answered 503, GitHub keeps them" in log and "can be written again" in log
    assert "Traceback" not in log
