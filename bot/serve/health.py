"""What ``GET /healthz`` tells a monitor: numbers and states, no names, no secrets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.handle import state as worker_state
from pipeline import __version__


@dataclass(frozen=True)
class Health:
    """The answer, in its order."""

    ok: bool
    """Whether a delivery that came now would be stored (once the App is set up)."""
    version: str
    set_up: bool
    """Whether there is a webhook secret, without which every delivery is answered 503."""
    worker: bool
    """Whether the process that works on deliveries runs at this moment."""
    worker_state: str | None
    """What it last said of itself, one of bot.handle.state.STATES; None before its first word."""
    waiting: int | None = None
    """Deliveries that are not done, also those that are worked on right now; None: the database cannot be read."""
    oldest_waiting_seconds: float | None = None
    """Age of the first of them; None when there is none."""
    dead: int | None = None
    """Deliveries given up; each has its reason on the page."""


def health(db: Path, can_store: bool, set_up: bool, worker: bool) -> Health:
    """As read from ``db``, which is not changed, and from what the process knows of itself."""
    told = worker_state.read(db)
    said = told.state if told else None
    try:
        found = _backlog(db)
    except sqlite3.Error:
        return Health(False, __version__, set_up, worker, said)
    return Health(can_store, __version__, set_up, worker, said, *found)


def _backlog(db: Path) -> tuple[int, float | None, int]:
    with closing(sqlite3.connect(f"{db.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
        found: tuple[int, float | None, int] = connection.execute(_BACKLOG).fetchone()
        return found


_BACKLOG = """
    SELECT
        (SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'running')),
        (SELECT round(86400 * (julianday('now') - julianday(received_at)), 1) FROM deliveries
         WHERE id = (SELECT min(id) FROM deliveries WHERE state IN ('waiting', 'running'))),
        (SELECT count(*) FROM deliveries WHERE state = 'dead')
"""
