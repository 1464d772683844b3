"""What is asked about a rollout once it has ended, each question answered once and then journaled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from pipeline.errors import EndpointError
from pipeline.generate.ask import Spent
from pipeline.generate.describe import describe
from pipeline.generate.journal import Journal
from pipeline.generate.money.meter import Meter
from pipeline.generate.plan import Target
from pipeline.generate.self_check import self_check
from pipeline.generate.unfinished import OursFailed, Paused
from pipeline.rollout.agent import Harness
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Usage
from pipeline.types import Rollout

ABSTAIN = "ABSTAIN"
"""The word of the change prompt with which a model declines."""


@dataclass(frozen=True)
class Questions:
    """Answers from the journal, from the teacher where there is none yet. All raise OursFailed."""

    harness: Harness
    journal: Journal
    style_texts: Sequence[str]
    pause: Callable[[], None]
    """Called before anything is asked; it may raise Paused."""
    meter: Meter = field(default_factory=Meter)
    """Has room for each question, or raises Paused, and is told what it used."""

    def verdict(self, rollout: Rollout) -> str:
        """Whether its author stands by ``rollout``: yes, no or unclear."""
        done = self.journal.stage(rollout.id, "self_check")
        if done is None:
            endpoint = self.harness.endpoint
            done = self._ask(rollout, "self_check", lambda full, spent: {"verdict": self_check(full, endpoint, spent)})
        return str(done["verdict"])

    def abstained(self, rollout: Rollout) -> bool:
        """Whether the model found nothing to change; its own messages say so."""
        if rollout.exit != "no_patch":
            return False
        done = self.journal.stage(rollout.id, "abstained")
        if done is None:
            self.pause()
            said = [m.get("content") for m in self.journal.with_messages(rollout).messages if m["role"] == "assistant"]
            done = {"abstained": any(ABSTAIN in str(text) for text in said)}
            self.journal.add_stage(rollout.id, "abstained", done, Spent(), None)
        return bool(done["abstained"])

    def description(self, target: Target, rollout: Rollout) -> str:
        """What rollout 2 is asked; "" where no usable text came."""
        done = self.journal.stage(rollout.id, "description")
        if done is None:
            style, endpoint = self._style(target), self.harness.endpoint
            done = self._ask(rollout, "description", lambda full, spent: asdict(describe(full, style, endpoint, spent)))
        return str(done["text"])

    def _style(self, target: Target) -> str | None:
        if not self.style_texts:
            return None
        return self.style_texts[target.rollout_seed(0, 0) % len(self.style_texts)]

    def _ask(
        self, rollout: Rollout, stage: str, question: Callable[[Rollout, Spent], dict[str, str]]
    ) -> dict[str, str]:
        self.pause()
        with self.meter.stage(stage, rollout.id) as running:
            deadline = time.monotonic() + self.harness.limits.seconds
            spent, result = Spent(watch=running.watch, stop=running.stop, deadline=deadline), None
            try:
                result = question(self.journal.with_messages(rollout), spent)
            except Stopped:
                raise Paused from None
            except EndpointError as error:
                raise OursFailed(str(error)) from None
            finally:
                if result is not None or spent.calls or spent.usage != Usage():
                    self.journal.add_stage(rollout.id, stage, result, spent, running.pay(spent.usage))
            return result
