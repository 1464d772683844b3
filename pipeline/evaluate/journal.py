"""What an evaluation has already done, read back from its own output files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from pipeline.errors import InputError
from pipeline.evaluate.budget import Spending, now
from pipeline.evaluate.memory import Recollection
from pipeline.evaluate.opinions import Opinion, Side
from pipeline.evaluate.plan import Attempt, Contender
from pipeline.jsonl import Writer, read_as
from pipeline.types import Evaluation, LeftOut, Rollout, from_json, to_json

T = TypeVar("T")
K = TypeVar("K")


class Kept(Generic[T, K]):
    """A file of nouns by key, made when the first one is added."""

    def __init__(self, path: Path, noun: type[T], key: Callable[[T], K]) -> None:
        """Raises InputError for a file that holds something else."""
        self._path, self._key = path, key
        self._writer: Writer | None = None
        self.rows = {key(row): row for row in read_as(path, partial(from_json, noun))}

    def add(self, row: T) -> None:
        self._writer = self._writer or Writer(self._path)
        self._writer.write(to_json(row))
        self.rows[self._key(row)] = row

    def close(self) -> None:
        if self._writer:
            self._writer.close()


Key = tuple[str, str, str | None, str, str, int]
"""Task, role, adapter, model, agent and number of an attempt: what is judged once."""


def key_of(row: Evaluation) -> Key:
    """Which attempt a row judges."""
    return (row.task_id, row.role, row.adapter, row.model, row.agent, row.attempt)


def _whose_memory(row: Recollection) -> tuple[str, ...]:
    return (row.task_id, row.role, row.model, row.adapter or "")


def _whose_opinion(row: Opinion) -> tuple[str, ...]:
    return (row.task_id, row.judge, row.first, row.own_rollout, row.frontier_rollout)


class Journal:
    """``rollouts.jsonl``, ``evaluations.jsonl`` and ``left_out.jsonl`` of one folder.

    A rollout is written when it ends and the rows of a task when its last rollout has ended, so
    whatever was cut off is the only thing that is missing afterwards. Beside them, where they were
    asked for, ``recollections.jsonl`` and ``opinions.jsonl``; and ``turns/``, of rollouts under way.
    """

    def __init__(self, out: Path) -> None:
        """Open for appending, cutting off torn last lines. Raises InputError for an unusable folder."""
        self.recollections = Kept(out / "recollections.jsonl", Recollection, _whose_memory)
        self.opinions = Kept(out / "opinions.jsonl", Opinion, _whose_opinion)
        self._rollouts = Writer(out / "rollouts.jsonl")
        self._evaluations = Writer(out / "evaluations.jsonl")
        self._left_out = Writer(out / "left_out.jsonl")
        self._turns = out / "turns"
        try:
            made = list(read_as(self._rollouts.path, partial(from_json, Rollout)))
            rows = list(read_as(self._evaluations.path, partial(from_json, Evaluation)))
            self._reported = set(read_as(self._left_out.path, lambda row: (row["id"], row["reason"])))
        except InputError:
            self.close()
            raise
        self.judged = {key_of(row): row for row in rows}
        self.rollouts = {rollout.id: rollout for rollout in made}
        for rollout_id in self.rollouts:  # a kill may have come between the row and the end of its turns
            self._turns_of(rollout_id).unlink(missing_ok=True)
        self.spending = Spending()
        """Of every rollout in the folder, those that were tried again included, and of every question."""
        for rollout in made:
            self.spending.add(rollout.cost_usd, rollout.ended_at)
        for recollection in self.recollections.rows.values():
            self.spending.add(recollection.cost_usd, recollection.at)
        for opinion in self.opinions.rows.values():
            self.spending.add(opinion.cost_usd, opinion.at)

    @property
    def spent_usd(self) -> float:
        return self.spending.usd

    def finished(self, attempt: Attempt) -> Rollout | None:
        """The rollout of ``attempt`` if it gave a result; failures of ours are to be tried again."""
        rollout = self.rollouts.get(attempt.id)
        if rollout is None or (rollout.exit == "error" and not self.is_judged(attempt)):
            return None
        return rollout

    def is_judged(self, attempt: Attempt) -> bool:
        return self._key(attempt) in self.judged

    def judgement(self, attempt: Attempt) -> Evaluation | None:
        """The row of an attempt; None until its task is judged."""
        return self.judged.get(self._key(attempt))

    @staticmethod
    def _key(attempt: Attempt) -> Key:
        who = attempt.contender
        return (attempt.task.id, who.role, who.adapter, who.model, who.agent, attempt.number)

    def time_of(self, attempts: Sequence[Attempt]) -> str:
        """``at`` of a delivery whose rows were cut off half-way, else now: one PR has one time."""
        written = [self.judged[key].at for key in map(self._key, attempts) if key in self.judged]
        return min(written) if written else now()

    def turns(self, attempt: Attempt) -> Path:
        """Where the turns of an attempt under way are kept."""
        return self._turns_of(attempt.id)

    def _turns_of(self, rollout_id: str) -> Path:
        return self._turns / f"{rollout_id}.jsonl"

    def add_rollout(self, rollout: Rollout) -> None:
        self._rollouts.write(to_json(rollout))
        self.rollouts[rollout.id] = rollout
        self.spending.add(rollout.cost_usd, rollout.ended_at)
        self._turns_of(rollout.id).unlink(missing_ok=True)

    def recollection(self, task_id: str, who: Contender) -> Recollection | None:
        """What was asked of a contender's memory; None when it was not asked yet."""
        return self.recollections.rows.get((task_id, who.role, who.model, who.adapter or ""))

    def add_recollection(self, row: Recollection) -> None:
        self.recollections.add(row)
        self.spending.add(row.cost_usd, row.at)

    def opinion(self, task_id: str, judge: str, first: Side, shown: Sequence[Rollout]) -> Opinion | None:
        """``shown``: own's and frontier's rollout."""
        return self.opinions.rows.get((task_id, judge, first, *(rollout.id for rollout in shown)))

    def add_opinion(self, row: Opinion) -> None:
        self.opinions.add(row)
        self.spending.add(row.cost_usd, row.at)

    def add_evaluations(self, rows: list[Evaluation]) -> None:
        new = [row for row in rows if key_of(row) not in self.judged]
        if new:
            self._evaluations.write(*(to_json(row) for row in new))
        self.judged |= {key_of(row): row for row in new}

    def add_left_out(self, row: LeftOut) -> None:
        if (row.id, row.reason) not in self._reported:
            self._left_out.write(to_json(row))
            self._reported.add((row.id, row.reason))

    def close(self) -> None:
        for writer in (self._rollouts, self._evaluations, self._left_out):
            writer.close()
        self.recollections.close()
        self.opinions.close()
