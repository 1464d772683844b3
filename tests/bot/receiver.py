"""The receiver alone in a process of its own, without the worker: for tests that talk to it, or kill it.

Processes are forked from one that has imported everything, so that a start costs little; the
benchmarks measure one that was started as usual.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.receive import webhook
from bot.serve import server

SECRET = "It's a Secret to Everybody"

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["__main__", "tests.bot.receiver"])


@dataclass
class Receiver:
    db: Path
    log: Path
    """All that the process says."""
    url: str
    process: Any

    def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=60)) as line:
            line.request("POST", "/webhook", body, headers)
            return Answer.read(line)

    def deliver(self, body: bytes, guid: str | None = None, event: str = "pull_request") -> Answer:
        """Post it as GitHub does."""
        return self.post(body, signed(body, guid, event))

    def get(self, path: str) -> Answer:
        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=60)) as line:
            line.request("GET", path)
            return Answer.read(line)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, line: HTTPConnection) -> Answer:
        got = line.getresponse()
        return cls(got.status, got.read(), {name.lower(): value for name, value in got.getheaders()})

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def signed(body: bytes, guid: str | None = None, event: str = "pull_request", secret: str = SECRET) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": guid or str(uuid.uuid4()),
        "x-hub-signature-256": webhook.sign(body, secret).decode(),
    }


@contextmanager
def receiving(db: Path, secrets: str = SECRET) -> Iterator[Receiver]:
    """A running receiver over ``db``, ended in order afterwards unless it is dead by then."""
    ours, theirs = PROCESSES.Pipe()
    log = db.with_suffix(".log")
    process = PROCESSES.Process(target=_serve, args=(db, log, secrets, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(150):
            raise AssertionError(log.read_text())
        yield Receiver(db, log, ours.recv(), process)
    finally:
        process.terminate()
        process.join(60)
        process.kill()
        process.join()
        ours.close()
        process.close()


def _serve(db: Path, log: Path, secrets: str, ready: Connection) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO, force=True)
    os.environ["SWITCHOVER_WEBHOOK_SECRET"] = secrets
    server.run(db, "127.0.0.1", 0, worker=None, ready=ready.send)


def rows(db: Path, columns: str = "guid, body") -> list[Any]:
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(f"SELECT {columns} FROM deliveries ORDER BY id").fetchall()


def rss(receiver: Receiver) -> float:
    """Resident memory in MB."""
    pages = int(Path(f"/proc/{receiver.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
