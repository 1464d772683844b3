"""The stages of one function: change, self-check, describe, redo, compare.

Every stage first looks into the journal, so that the same call goes on where an earlier one
ended. What the model does wrong is a result; what fails by our side raises OursFailed, and the
stage stays to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.generate.ask import Spent
from pipeline.generate.attempts import Attempts
from pipeline.generate.journal import Journal
from pipeline.generate.money.meter import Meter, Running
from pipeline.generate.plan import TRIES, Target
from pipeline.generate.questions import Questions
from pipeline.generate.select import facts_of
from pipeline.generate.texts import render
from pipeline.generate.unfinished import OursFailed, Paused
from pipeline.patch.diff import PatchError
from pipeline.patch.recall import own, sera
from pipeline.rollout.agent import Harness
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Usage
from pipeline.trees import CommitTree
from pipeline.types import Rollout, to_json

__all__ = ["Chain", "OursFailed", "Paused"]


@dataclass(frozen=True)
class Chain:
    """What all functions of a run share."""

    repo: Path
    base_sha: str
    harness: Harness
    attempts: Attempts
    journal: Journal
    style_texts: Sequence[str]
    may_go_on: Callable[[], bool]
    """Asked before each stage; False pauses the function (the money is spent, say)."""
    meter: Meter = field(default_factory=Meter)
    """Has room for each stage, or pauses the function, and is told what it used; it stops a rollout, which is then
    to be made anew."""

    def run(self, target: Target) -> None:
        """All stages that are still to be done. Raises OursFailed and Paused."""
        first = self._verified(target)
        text = self._questions().description(target, first) if first is not None else ""
        if first is not None and text:
            self._compare(target, first, self._roll_out(target, 2, 0, text))

    def is_done(self, target: Target) -> bool:
        """True when no stage of ``target`` is left."""
        try:
            replace(self, may_go_on=lambda: False).run(target)
        except Paused:
            return False
        return True

    def _verified(self, target: Target) -> Rollout | None:
        """The first attempt that left a patch, was submitted and that its author stands by."""
        questions = self._questions()
        for attempt in range(TRIES):
            kind, function = target.change_type(attempt), target.function
            values = {"topic": kind.topic, "signs": kind.signs, "function": function.name, "path": function.path}
            prompt = render("change", kind=function.kind, **values)
            rollout = self._roll_out(target, 1, attempt, prompt)
            if rollout.exit == "submitted" and questions.verdict(rollout) == "yes":
                return rollout
            if questions.abstained(rollout):  # asking for another weakness would only cost
                return None
        return None

    def _questions(self) -> Questions:
        return Questions(self.harness, self.journal, self.style_texts, self._pause_if_stopping, self.meter)

    def _roll_out(self, target: Target, which: int, attempt: int, prompt: str) -> Rollout:
        done = self.journal.rollout(target.id, which, attempt)
        if done is not None:
            return done
        self._pause_if_stopping()
        failures = len(self.journal.failures(target.id, which, attempt))
        id = target.rollout_id(which, attempt, failures)
        with self.meter.stage(f"rollout {which}", id) as running:
            made = self._attempt(target, which, attempt, prompt, id, running)
            rollout = replace(made, cost_usd=running.pay(made))
            self.journal.add_rollout(which, rollout)
            if rollout.exit == "error":
                raise OursFailed(rollout.detail)
        self.journal.add_stage(rollout.id, "facts", to_json(facts_of(rollout)), Spent(), None)
        return rollout

    def _attempt(self, target: Target, which: int, attempt: int, prompt: str, id: str, running: Running) -> Rollout:
        def wasted(usage: Usage, seconds: float) -> None:
            """A rollout without a result: what it used is counted, and it stays to be made."""
            self.journal.add_stage(id, "rollout", None, Spent(usage, seconds), running.pay(usage))

        try:
            return self.attempts.run(
                prompt,
                id=id,
                task_id=target.id,
                attempt=attempt,
                seed=target.rollout_seed(which, attempt),
                watch=running.watch,
                stop=running.stop,
                wasted=wasted,
            )
        except Stopped as stopped:
            wasted(stopped.usage, stopped.seconds)
            raise Paused from None

    def _compare(self, target: Target, first: Rollout, second: Rollout) -> None:
        if self.journal.stage(target.id, "compare") is not None:
            return
        self._pause_if_stopping()
        base = CommitTree(self.repo, self.base_sha)
        try:
            recall = own(_bytes(first.patch), _bytes(second.patch), base)
        except PatchError as error:
            self.journal.add_recall(target.id, None, sera(first.patch, second.patch), str(error))
        else:
            self.journal.add_recall(target.id, recall, sera(first.patch, second.patch), "")

    def _pause_if_stopping(self) -> None:
        if not self.may_go_on():
            raise Paused


def _bytes(patch: str) -> bytes:
    return patch.encode("utf-8", "surrogateescape")
