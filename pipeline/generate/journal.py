"""What a run has already done: read back from its own files, so that nothing is done or counted twice.

``rollouts.jsonl`` holds every rollout, ``journal.jsonl`` every other stage that ended. A stage is
written when it ends; a kill loses the stage that was running and nothing else. Messages stay on
disk (a run of thousands of rollouts does not fit into memory) and are read back by their offset.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.generate import lines
from pipeline.generate.ask import Spent
from pipeline.generate.money.ledger import Ledger, Tally
from pipeline.jsonl import Writer, placed, read_as
from pipeline.types import Recall, Rollout, to_json

__all__ = ["JOURNAL", "ROLLOUTS", "Journal", "Tally"]

ROLLOUTS, JOURNAL = "rollouts.jsonl", "journal.jsonl"


class Journal:
    """The stages of one folder; thread-safe."""

    def __init__(self, out: Path) -> None:
        """Open for appending, cutting off torn last lines. Raises InputError for an unusable folder or line."""
        self._rollouts = Writer(out / ROLLOUTS)
        self._stages = Writer(out / JOURNAL)
        self._lock = threading.Lock()
        self._places: dict[str, tuple[int, int]] = {}
        self._light: dict[tuple[str, int, int], list[Rollout]] = {}
        self._done: dict[tuple[str, str], dict[str, Any]] = {}
        self.ledger = Ledger()
        self._reader = self._rollouts.path.open("rb")
        try:
            self._read_rollouts()
            for _ in read_as(self._stages.path, self._take_stage):
                pass
        except InputError:
            self.close()
            raise

    @property
    def tally(self) -> Tally:
        """What everything in the folder has used."""
        return self.ledger.tally

    def rollout(self, task_id: str, which: int, attempt: int) -> Rollout | None:
        """The rollout that ended as a result, without its messages; None when it is still to be made."""
        found = [r for r in self._light.get((task_id, which, attempt), ()) if r.exit != "error"]
        return found[0] if found else None

    def has_rollout(self, id: str) -> bool:
        """Whether rollout ``id`` ended, be it by a failure of ours."""
        return id in self._places

    def failures(self, task_id: str, which: int, attempt: int) -> list[Rollout]:
        """Rollouts of this attempt that failed by our side."""
        return [r for r in self._light.get((task_id, which, attempt), ()) if r.exit == "error"]

    def with_messages(self, rollout: Rollout) -> Rollout:
        """The same rollout with its messages and tools."""
        return lines.whole(self.line(rollout.id))

    def line(self, id: str) -> bytes:
        """The line of rollouts.jsonl that holds rollout ``id``."""
        offset, size = self._places[id]
        return os.pread(self._reader.fileno(), size, offset)

    def add_rollout(self, which: int, rollout: Rollout) -> None:
        """Write a rollout that ended. Raises RunError when the disk is full."""
        row = {**vars(rollout), "rollout": which}
        with self._lock:
            offset = os.fstat(self._reader.fileno()).st_size
            self._rollouts.write(row)
            size = os.fstat(self._reader.fileno()).st_size - offset
            self._take_rollout(lines.light(rollout), which, (offset, size))

    def stage(self, id: str, stage: str) -> dict[str, Any] | None:
        """What ``add_stage`` wrote for a stage that ended; None when it is still to be done."""
        return self._done.get((id, stage))

    def add_stage(
        self, id: str, stage: str, result: Mapping[str, Any] | None, spent: Spent, cost: float | None
    ) -> None:
        """Write a stage that ended with ``result``; None: it did not end, but what it used is counted."""
        usage = spent.usage
        row = {
            "id": id,
            "stage": stage,
            "result": None if result is None else dict(result),
            "tokens_in": usage.tokens_in,
            "tokens_out": usage.tokens_out,
            "tokens_cached": usage.tokens_cached,
            "seconds": round(spent.seconds, 3),
            "cost_usd": cost,
        }
        with self._lock:
            self._stages.write(row)
            self._take_stage(row)

    def add_recall(self, task_id: str, own: Recall | None, sera: float | None, detail: str) -> None:
        """Write the comparison of the two patches; ``own`` is None where it could not be made."""
        result = {"own": None if own is None else to_json(own), "sera": sera, "detail": detail}
        self.add_stage(task_id, "compare", result, Spent(), None)

    def close(self) -> None:
        self._reader.close()
        self._rollouts.close()
        self._stages.close()

    def _read_rollouts(self) -> None:
        path = self._rollouts.path
        for number, offset, line in placed(path):
            which, rollout = lines.read(path, number, line)
            self._take_rollout(rollout, which, (offset, len(line)))

    def _take_rollout(self, rollout: Rollout, which: int, place: tuple[int, int]) -> None:
        self._places[rollout.id] = place
        self._light.setdefault((rollout.task_id, which, rollout.attempt), []).append(rollout)
        self.ledger.add(f"rollout {which}", rollout.id, vars(rollout), ended=rollout.exit != "error")

    def _take_stage(self, row: dict[str, Any]) -> None:
        if row["result"] is not None:
            self._done[row["id"], row["stage"]] = row["result"]
        self.ledger.add(row["stage"], row["id"], row, ended=row["result"] is not None)
