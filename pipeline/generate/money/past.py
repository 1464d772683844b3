"""What functions were like in other folders of the same configuration: other shards, usually."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from pipeline.generate.money.forecast import Moments, PerFunction

log = logging.getLogger(__name__)


def past(out: Path, config_sha256: str) -> PerFunction | None:
    """From the ``summary.json`` of the folders beside ``out``; None where there is none of this configuration."""
    found: PerFunction | None = None
    for path in sorted(out.resolve().parent.glob("*/summary.json")):
        row = {} if path.parent == out.resolve() else _read(path)
        if row.get("config_sha256") == config_sha256 and row.get("per_function"):
            one = _per_function(row["per_function"])
            found = one if found is None else found + one
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        row = json.loads(path.read_text())
    except (OSError, ValueError) as error:  # somebody else's file; it only would have helped to guess
        log.debug("%s: %s", path, error)
        return {}
    return row if isinstance(row, dict) else {}


def _per_function(row: dict[str, Any]) -> PerFunction:
    return PerFunction(**{key: Moments(**row[key]) for key in ("cost_usd", "kept", "seconds")})
