"""What stands behind a role: a model in our harness, or somebody else's agent command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.evaluate.plan import Attempt
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.external import CommandAgent
from pipeline.rollout.turns import TurnLog
from pipeline.rollout.workspace import Workspace
from pipeline.types import Rollout


class Arm(Protocol):
    """Makes attempts for one role."""

    @property
    def agent(self) -> str:
        """Name of the agent command; "" for our own harness."""

    @property
    def endpoint(self) -> Endpoint | None:
        """Where the model can be asked a plain question; None where there is no such place."""

    def check(self) -> None:
        """Make sure that attempts can be made. Raises SandboxUnavailable, EndpointError, InputError."""

    def conditions(self) -> tuple[object, ...]:
        """Every setting that may change a result."""

    def attempt(self, attempt: Attempt, workspace: Workspace, turns: Path) -> Rollout:
        """One whole attempt. ``turns``: a file to go on from, gone once the rollout is written down."""


@dataclass(frozen=True)
class OwnHarness:
    """A model in our own harness."""

    harness: Harness
    agent: str = ""

    @property
    def endpoint(self) -> Endpoint:
        return self.harness.endpoint

    def check(self) -> None:
        self.harness.sandbox.check()
        self.harness.endpoint.check()

    def conditions(self) -> tuple[object, ...]:
        h = self.harness
        return (h.tools, h.prompt, h.limits, h.endpoint.temperature)

    def attempt(self, attempt: Attempt, workspace: Workspace, turns: Path) -> Rollout:
        log = TurnLog(turns)
        try:
            return roll_out(
                attempt.task.prompt,
                workspace,
                self.harness,
                id=attempt.id,
                task_id=attempt.task.id,
                role=attempt.contender.role,
                attempt=attempt.number,
                seed=attempt.seed,
                turns=log,
            )
        finally:
            log.close()


@dataclass(frozen=True)
class OtherAgent:
    """Somebody else's agent."""

    command: CommandAgent
    endpoint: Endpoint | None = None

    @property
    def agent(self) -> str:
        return self.command.name

    def check(self) -> None:
        self.command.check()

    def conditions(self) -> tuple[object, ...]:
        return self.command.conditions()

    def attempt(self, attempt: Attempt, workspace: Workspace, turns: Path) -> Rollout:
        return self.command.roll_out(
            attempt.task.prompt,
            workspace,
            id=attempt.id,
            task_id=attempt.task.id,
            role=attempt.contender.role,
            attempt=attempt.number,
            seed=attempt.seed,
        )
