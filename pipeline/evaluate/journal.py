"""What an evaluation has already done, read back from its own output files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluate.plan import Attempt
from pipeline.jsonl import Writer, read_as
from pipeline.types import Evaluation, LeftOut, Rollout, from_json, to_json


class Journal:
    """``rollouts.jsonl``, ``evaluations.jsonl`` and ``left_out.jsonl`` of one folder.

    A rollout is written when it ends and the rows of a task when its last rollout has ended, so
    whatever was cut off is the only thing that is missing afterwards.
    """

    def __init__(self, out: Path) -> None:
        """Open for appending, cutting off torn last lines. Raises InputError for an unusable folder."""
        self._rollouts = Writer(out / "rollouts.jsonl")
        self._evaluations = Writer(out / "evaluations.jsonl")
        self._left_out = Writer(out / "left_out.jsonl")
        try:
            made = list(read_as(self._rollouts.path, partial(from_json, Rollout)))
            rows = list(read_as(self._evaluations.path, partial(from_json, Evaluation)))
            self._reported = set(read_as(self._left_out.path, lambda row: (row["id"], row["reason"])))
        except InputError:
            self.close()
            raise
        self.judged = {(row.task_id, row.role, row.adapter, row.model, row.attempt): row for row in rows}
        self.rollouts = {rollout.id: rollout for rollout in made}
        self.spent_usd = sum(rollout.cost_usd or 0.0 for rollout in made)
        """Of every rollout in the folder, those that were tried again included."""

    def finished(self, attempt: Attempt) -> Rollout | None:
        """The rollout of ``attempt`` if it gave a result; failures of ours are to be tried again."""
        rollout = self.rollouts.get(attempt.id)
        if rollout is None or (rollout.exit == "error" and not self.is_judged(attempt)):
            return None
        return rollout

    def is_judged(self, attempt: Attempt) -> bool:
        return self._key(attempt) in self.judged

    @staticmethod
    def _key(attempt: Attempt) -> tuple[str, str, str | None, str, int]:
        who = attempt.contender
        return (attempt.task.id, who.role, who.adapter, who.model, attempt.number)

    def time_of(self, attempts: Sequence[Attempt]) -> str:
        """``at`` of a delivery whose rows were cut off half-way, else now: one PR has one time."""
        written = [self.judged[key].at for key in map(self._key, attempts) if key in self.judged]
        return min(written) if written else datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def add_rollout(self, rollout: Rollout) -> None:
        self._rollouts.write(to_json(rollout))
        self.rollouts[rollout.id] = rollout
        self.spent_usd += rollout.cost_usd or 0.0

    def add_evaluations(self, rows: list[Evaluation]) -> None:
        new = [row for row in rows if (row.task_id, row.role, row.adapter, row.model, row.attempt) not in self.judged]
        if new:
            self._evaluations.write(*(to_json(row) for row in new))
        self.judged |= {(row.task_id, row.role, row.adapter, row.model, row.attempt): row for row in new}

    def add_left_out(self, row: LeftOut) -> None:
        if (row.id, row.reason) not in self._reported:
            self._left_out.write(to_json(row))
            self._reported.add((row.id, row.reason))

    def close(self) -> None:
        for writer in (self._rollouts, self._evaluations, self._left_out):
            writer.close()
