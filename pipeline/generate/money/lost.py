"""What was under way when an earlier call was killed or interrupted: it was paid for, so it is counted."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from pipeline.generate.ask import Spent
from pipeline.generate.journal import Journal
from pipeline.rollout.wire import Usage

log = logging.getLogger(__name__)


def count_lost(progress: Path, journal: Journal) -> None:
    """Enter into ``journal`` what ``progress`` (progress.json of the last call; may be absent) lists as running.

    Once, however often it is called. It is what was known two seconds before the kill at the latest:
    a turn that was being answered then is paid and not counted.
    """
    call, rows = _read(progress)
    lost = [row for row in rows if not _is_known(row, call, journal)]
    for row in lost:
        spent = Spent(Usage(**row["usage"]), row["seconds"])
        journal.add_stage(row["id"], "lost", {"call": call}, spent, row["cost_usd"])
    if lost:
        usd = sum(row["cost_usd"] or 0.0 for row in lost)
        log.info(
            "counted what %d stages had used when the last call was ended ($%.4f); they are done anew", len(lost), usd
        )


def _read(progress: Path) -> tuple[str, list[dict[str, Any]]]:
    try:
        row = json.loads(progress.read_text())
        return row["started_at"], row["under_way"]
    except FileNotFoundError:
        return "", []
    except (ValueError, KeyError, TypeError) as error:
        log.warning("%s: cannot be read (%s); what the last call had under way is not counted", progress, error)
        return "", []


def _is_known(row: dict[str, Any], call: str, journal: Journal) -> bool:
    """Whether the stage ended after all, or was counted by a call that was killed in the middle of this."""
    kind, id = str(row["kind"]), str(row["id"])
    has_ended = journal.has_rollout(id) if kind.startswith("rollout") else journal.stage(id, kind) is not None
    return has_ended or journal.stage(id, "lost") == {"call": call}
