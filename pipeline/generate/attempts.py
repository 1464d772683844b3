"""How one rollout is carried out: here, in this process. ``cluster`` carries them out on other machines.

The stages know nothing of the difference: the same prompt, ids and seed give the same rollout.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.endpoint import Usage
from pipeline.rollout.workspace import Workspaces
from pipeline.types import Rollout

Watch = Callable[[Usage], None]
"""Told what was used, turn by turn."""
Stop = Callable[[], bool]
"""Asked before each turn; True ends the rollout without a result."""
Wasted = Callable[[Usage, float], None]
"""Told usage and seconds of a try that left nothing and that was begun anew: they are paid all the same."""


class Attempts(Protocol):
    """Carries out rollouts at one commit; thread-safe."""

    def check(self) -> None:
        """Before the first rollout of a call. Raises what makes rollouts impossible, SandboxUnavailable among it."""

    def run(
        self,
        prompt: str,
        *,
        id: str,
        task_id: str,
        attempt: int,
        seed: int,
        watch: Watch | None = None,
        stop: Stop | None = None,
        wasted: Wasted | None = None,
    ) -> Rollout:
        """One rollout of the teacher. Raises what ``roll_out`` and ``Workspaces.open`` raise."""


Carry = Callable[[Workspaces, Harness, str], contextlib.AbstractContextManager[Attempts]]
"""Where the rollouts of a run are carried out, given its workspaces, harness and base commit."""


@contextlib.contextmanager
def here(workspaces: Workspaces, harness: Harness, base_sha: str) -> Iterator[Attempts]:
    """In threads of this process."""
    yield LocalAttempts(workspaces, harness, base_sha)


@dataclass(frozen=True)
class LocalAttempts:
    """A fresh workspace for each rollout, in the thread that asks for it."""

    workspaces: Workspaces
    harness: Harness
    base_sha: str

    def check(self) -> None:
        self.harness.sandbox.check()

    def run(
        self,
        prompt: str,
        *,
        id: str,
        task_id: str,
        attempt: int,
        seed: int,
        watch: Watch | None = None,
        stop: Stop | None = None,
        wasted: Wasted | None = None,
    ) -> Rollout:
        with self.workspaces.open(self.base_sha) as workspace:
            return roll_out(
                prompt,
                workspace,
                self.harness,
                id=id,
                task_id=task_id,
                role="teacher",
                attempt=attempt,
                seed=seed,
                watch=watch,
                stop=stop,
            )
