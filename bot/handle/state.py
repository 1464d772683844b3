"""What the worker process is doing, in a small file beside the database, for the page and ``/healthz``."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline import whole

STATES = {
    "waiting": "there are no App credentials yet; deliveries are kept",
    "refused": "GitHub does not believe the App's credentials; deliveries are kept",
    "working": "all is well",
    "ended": "it was told to end",
}
"""Each state and what it means. A killed worker leaves its last one: look whether ``pid`` lives."""


@dataclass(frozen=True)
class WorkerState:
    """The file's content."""

    pid: int
    since: str
    """When it came into this state, ISO UTC."""
    state: str
    """One of STATES."""
    message: str
    """What is wrong and what to do, in one line; "" while it works."""


def path_for(db: Path) -> Path:
    """The file of the database ``db``."""
    return db.with_name(f"{db.name}.worker.json")


def read(db: Path) -> WorkerState | None:
    """What the last worker over ``db`` wrote; None when there was none, or when it cannot be read."""
    try:
        data = json.loads(path_for(db).read_text(encoding="utf-8"))
        return WorkerState(int(data["pid"]), str(data["since"]), str(data["state"]), str(data["message"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(db: Path, state: str, message: str = "") -> None:
    """Replace the file, whole or not at all. A full disk is no reason to stop working."""
    assert state in STATES
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with contextlib.suppress(OSError):
        text = json.dumps(asdict(WorkerState(os.getpid(), now, state, message)))
        whole.write(path_for(db), text.encode(), durable=False)
