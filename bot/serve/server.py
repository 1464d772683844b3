"""The receiver process: a listening socket, a database, the application, and the worker beside it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn

from bot.app import Web, create_app
from bot.receive.protocol import Protocol
from bot.serve.watch import Watched
from pipeline.errors import InputError
from pipeline.store import Store

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 500
"""At a time; one more is answered 503. Each takes a file descriptor, of which there are often 1,024."""

PAGE_BYTES = 16384

END_SECONDS = 10
"""In which requests that have begun are answered once we are to end."""


def run(db: Path, host: str, port: int, *, worker: Sequence[str] | None, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; then answer what has begun, store what waits, end the worker.

    ``worker``: its command line, or None for a receiver alone (tests and benchmarks).
    ``ready`` is called with our address once it answers. Raises InputError for an address that
    cannot be listened on and for a database that cannot be used.
    """
    listening = _listen(host, port)
    with listening:
        _prepare(db)
        watched = Watched(worker) if worker else None
        web = create_app(db, ring=watched.ring, worker_alive=watched.alive) if watched else create_app(db)
        server = _Server(_config(web), lambda: ready(_address(host, listening)))
        before = signal.signal(signal.SIGTERM, _interrupt)
        try:
            if watched:
                watched.start()
            with suppress(KeyboardInterrupt):
                server.run([listening])
        finally:
            if watched:
                watched.stop()
            signal.signal(signal.SIGTERM, before)


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _config(web: Web) -> uvicorn.Config:
    return uvicorn.Config(
        web.app,
        loop="uvloop",
        http=partial(Protocol, web.endpoint),  # type: ignore[arg-type]  # it is only called
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who may see the pages is decided by the real peer
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=END_SECONDS,
    )


def _listen(host: str, port: int) -> socket.socket:
    """Bound before anything is made, so that a mistake leaves nothing behind."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        why = (getattr(error, "strerror", None) or "out of range").partition(" (")[0]
        raise InputError(
            f"bot: {host}:{port} cannot be listened on ({why}); give another --host or --port, or --port 0 for any"
        ) from None


def _address(host: str, listening: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listening.getsockname()[1]}/"


def _prepare(db: Path) -> None:
    """Bring the database up to date; a new one is made readable by its owner only: bodies are kept unredacted."""
    with suppress(OSError, sqlite3.Error):  # it exists, or cannot be made: then Store.open says why
        os.close(os.open(db, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _choose_page_size(db)
    Store.open(db).close()


def _choose_page_size(db: Path) -> None:
    """Only an empty file can be told. Bodies have many KiB: in larger pages a commit costs a quarter less."""
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("VACUUM")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def worker_command(db: Path, keep_days: int) -> list[str]:
    """The command line of the worker over ``db``."""
    return [sys.executable, "-m", "bot.worker", "--db", str(db.absolute()), "--keep-days", str(keep_days)]
