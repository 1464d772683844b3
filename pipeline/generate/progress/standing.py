"""How a run stands, read by another process: from ``progress.json``, and whether who wrote it is still there."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path
from typing import Any

from pipeline.generate.money.forecast import Forecast, Range
from pipeline.generate.progress.snapshot import NAME, Snapshot
from pipeline.types import from_json

STALE_SECONDS = 60.0
"""Without a new one for so long, a run is over: it writes every two seconds."""


def read(folder: Path) -> dict[str, Any] | None:
    """``progress.json`` with ``state`` as it is now: ``stopped`` where it says running and nobody is; None without it.

    Left out is what the single stages have used. A file that another program wrote, or nobody can read, counts as none.
    """
    try:
        row = json.loads((folder / NAME).read_text())
        at = datetime.datetime.fromisoformat(row["updated_at"])
        is_still = row["state"] != "running" or _is_there(row["host"], row["pid"], at)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    del row["under_way"]
    state = row["state"] if is_still else "stopped"
    return dict(row) if state == "running" else {**row, "state": state, "rollouts_running": 0, "questions_running": 0}


def snapshot_of(row: dict[str, Any]) -> Snapshot:
    """The snapshot that ``read`` gave ``row`` for."""
    return from_json(Snapshot, {**row, "forecast": _forecast(row["forecast"])})


def _forecast(row: dict[str, Any] | None) -> Forecast | None:
    if row is None:
        return None
    ranges = {key: from_json(Range, value) for key, value in row.items() if isinstance(value, dict)}
    return from_json(Forecast, {**row, **ranges})


def _is_there(host: str, pid: int, at: datetime.datetime) -> bool:
    age = (datetime.datetime.now(datetime.UTC) - at).total_seconds()
    return age < STALE_SECONDS and (host != platform.node() or _is_alive(pid))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
