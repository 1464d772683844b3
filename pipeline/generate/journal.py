"""What a run has already done: read back from its own files, so that nothing is done or counted twice.

``rollouts.jsonl`` holds every rollout, ``journal.jsonl`` every other stage that ended. A stage is
written when it ends; a kill loses the stage that was running and nothing else. Messages stay on
disk (a run of thousands of rollouts does not fit into memory) and are read back by their offset.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.generate.ask import Spent
from pipeline.jsonl import Writer, read_as
from pipeline.types import Recall, Rollout, from_json, to_json

ROLLOUTS, JOURNAL = "rollouts.jsonl", "journal.jsonl"


@dataclass(frozen=True)
class Tally:
    """Sums over everything that was paid for."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    seconds: float = 0.0
    """Of rollouts and questions, added up; not wall clock."""
    cost_usd: float | None = None
    """None as long as nothing has had a price."""

    def plus(self, row: Mapping[str, Any]) -> Tally:
        """With the usage of one rollout or question added."""
        cost = row["cost_usd"]
        return Tally(
            self.tokens_in + row["tokens_in"],
            self.tokens_out + row["tokens_out"],
            self.tokens_cached + row["tokens_cached"],
            self.seconds + row["seconds"],
            self.cost_usd if cost is None else (self.cost_usd or 0.0) + cost,
        )


class Journal:
    """The stages of one folder; thread-safe."""

    def __init__(self, out: Path) -> None:
        """Open for appending, cutting off torn last lines. Raises InputError for an unusable folder or line."""
        self._rollouts = Writer(out / ROLLOUTS)
        self._stages = Writer(out / JOURNAL)
        self._lock = threading.Lock()
        self._offsets: dict[str, int] = {}
        self._light: dict[tuple[str, int, int], list[Rollout]] = {}
        self._done: dict[tuple[str, str], dict[str, Any]] = {}
        self.tally = Tally()
        try:
            self._read_rollouts()
            for _ in read_as(self._stages.path, self._take_stage):
                pass
        except InputError:
            self.close()
            raise

    def rollout(self, task_id: str, which: int, attempt: int) -> Rollout | None:
        """The rollout that ended as a result, without its messages; None when it is still to be made."""
        found = [r for r in self._light.get((task_id, which, attempt), ()) if r.exit != "error"]
        return found[0] if found else None

    def failures(self, task_id: str, which: int, attempt: int) -> list[Rollout]:
        """Rollouts of this attempt that failed by our side."""
        return [r for r in self._light.get((task_id, which, attempt), ()) if r.exit == "error"]

    def with_messages(self, rollout: Rollout) -> Rollout:
        """The same rollout with its messages and tools."""
        with self._rollouts.path.open("rb") as file:
            file.seek(self._offsets[rollout.id])
            return from_json(Rollout, json.loads(file.readline()))

    def add_rollout(self, which: int, rollout: Rollout) -> None:
        """Write a rollout that ended. Raises RunError when the disk is full."""
        row = {**to_json(rollout), "rollout": which}
        with self._lock:
            offset = self._rollouts.path.stat().st_size
            self._rollouts.write(row)
            self._take_rollout(_entry(row), offset)

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
        self._rollouts.close()
        self._stages.close()

    def _read_rollouts(self) -> None:
        rows = read_as(self._rollouts.path, _entry)  # complains about a damaged line with its number
        offset = 0
        with self._rollouts.path.open("rb") as lines:
            for line in lines:
                if line.strip():
                    self._take_rollout(next(rows), offset)
                offset += len(line)

    def _take_rollout(self, entry: _Entry, offset: int) -> None:
        row, which, rollout = entry
        self._offsets[rollout.id] = offset
        self._light.setdefault((rollout.task_id, which, rollout.attempt), []).append(rollout)
        self.tally = self.tally.plus(row)

    def _take_stage(self, row: dict[str, Any]) -> None:
        if row["result"] is not None:
            self._done[row["id"], row["stage"]] = row["result"]
        self.tally = self.tally.plus(row)


_Entry = tuple[Mapping[str, Any], int, Rollout]
"""A line of rollouts.jsonl: as it is, which of the function's two, and without its messages."""


def _entry(row: Mapping[str, Any]) -> _Entry:
    return row, row["rollout"], replace(from_json(Rollout, row), messages=(), tools=())
