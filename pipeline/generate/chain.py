"""The stages of one function: change, self-check, describe, redo, compare.

Every stage first looks into the journal, so that the same call goes on where an earlier one
ended. What the model does wrong is a result; what fails by our side raises OursFailed, and the
stage stays to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipeline.errors import EndpointError
from pipeline.generate.ask import Spent
from pipeline.generate.describe import Description, describe
from pipeline.generate.journal import Journal
from pipeline.generate.plan import TRIES, Target
from pipeline.generate.self_check import self_check
from pipeline.generate.texts import render
from pipeline.patch.diff import PatchError
from pipeline.patch.recall import own, sera
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.workspace import Workspaces
from pipeline.trees import CommitTree
from pipeline.types import Rollout

ABSTAIN = "ABSTAIN"
"""The word of the change prompt with which a model declines."""


class OursFailed(Exception):
    """A failure of ours (endpoint, disk); the stage is to be tried again."""


class Paused(Exception):
    """The run is stopping; what is left of this function is for the next run."""


@dataclass(frozen=True)
class Chain:
    """What all functions of a run share."""

    repo: Path
    base_sha: str
    harness: Harness
    workspaces: Workspaces
    journal: Journal
    style_texts: Sequence[str]
    may_go_on: Callable[[], bool]
    """Asked before each stage; False pauses the function (the money is spent, say)."""

    def run(self, target: Target) -> None:
        """All stages that are still to be done. Raises OursFailed and Paused."""
        first = self._verified(target)
        text = self._description(target, first) if first is not None else ""
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
        for attempt in range(TRIES):
            kind, function = target.change_type(attempt), target.function
            prompt = render("change", topic=kind.topic, signs=kind.signs, function=function.name, path=function.path)
            rollout = self._roll_out(target, 1, attempt, prompt)
            if rollout.exit == "submitted" and self._verdict(rollout) == "yes":
                return rollout
            if self._abstained(rollout):
                return None
        return None

    def _roll_out(self, target: Target, which: int, attempt: int, prompt: str) -> Rollout:
        done = self.journal.rollout(target.id, which, attempt)
        if done is not None:
            return done
        self._pause_if_stopping()
        failures = len(self.journal.failures(target.id, which, attempt))
        with self.workspaces.open(self.base_sha) as workspace:
            rollout = roll_out(
                prompt,
                workspace,
                self.harness,
                id=target.rollout_id(which, attempt, failures),
                task_id=target.id,
                role="teacher",
                attempt=attempt,
                seed=target.rollout_seed(which, attempt),
            )
        self.journal.add_rollout(which, rollout)
        if rollout.exit == "error":
            raise OursFailed(rollout.detail)
        return rollout

    def _verdict(self, rollout: Rollout) -> str:
        done = self.journal.stage(rollout.id, "self_check")
        if done is None:
            done = self._ask(rollout, "self_check", lambda full, spent: {"verdict": self._self_check(full, spent)})
        return str(done["verdict"])

    def _self_check(self, rollout: Rollout, spent: Spent) -> str:
        return self_check(rollout, self.harness.endpoint, spent)

    def _abstained(self, rollout: Rollout) -> bool:
        """An abstention ends the function: asking for another weakness would only cost."""
        if rollout.exit != "no_patch":
            return False
        done = self.journal.stage(rollout.id, "abstained")
        if done is None:
            self._pause_if_stopping()
            said = [m.get("content") for m in self.journal.with_messages(rollout).messages if m["role"] == "assistant"]
            done = {"abstained": any(ABSTAIN in str(text) for text in said)}
            self.journal.add_stage(rollout.id, "abstained", done, Spent(), None)
        return bool(done["abstained"])

    def _description(self, target: Target, rollout: Rollout) -> str:
        done = self.journal.stage(rollout.id, "description")
        if done is None:
            style = self._style(target)
            done = self._ask(rollout, "description", lambda full, spent: asdict(self._describe(full, style, spent)))
        return str(done["text"])

    def _describe(self, rollout: Rollout, style: str | None, spent: Spent) -> Description:
        return describe(rollout, style, self.harness.endpoint, spent)

    def _style(self, target: Target) -> str | None:
        if not self.style_texts:
            return None
        return self.style_texts[target.rollout_seed(0, 0) % len(self.style_texts)]

    def _ask(
        self, rollout: Rollout, stage: str, question: Callable[[Rollout, Spent], dict[str, str]]
    ) -> dict[str, str]:
        self._pause_if_stopping()
        spent, result = Spent(), None
        try:
            result = question(self.journal.with_messages(rollout), spent)
        except EndpointError as error:
            raise OursFailed(str(error)) from None
        finally:
            if result is not None or spent.calls:
                cost = self.harness.cost(spent.usage, spent.seconds)
                self.journal.add_stage(rollout.id, stage, result, spent, cost)
        return result

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
