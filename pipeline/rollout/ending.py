"""How a rollout is ended from within: with an exit of our contract, or by a caller who wants no result of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.rollout.mini import InterruptAgentFlow
from pipeline.types import Exit

if TYPE_CHECKING:
    from pipeline.rollout.wire import Usage


class Ended(InterruptAgentFlow):  # type: ignore[misc]  # mini-swe-agent is imported untyped
    """Ends the agent's loop with ``exit``; ``detail`` is one line for a person, "" when the exit says it all."""

    def __init__(self, exit: Exit, detail: str = "") -> None:
        extra = {"exit_status": exit, "submission": "", "detail": detail}
        super().__init__({"role": "exit", "content": exit, "extra": extra})


class Stopped(Exception):
    """The caller's ``stop`` ended a rollout: there is no result, and what was used until then is to be paid."""

    def __init__(self, usage: Usage, seconds: float) -> None:
        """``seconds``: wall clock of the rollout so far."""
        super().__init__("the rollout was stopped by its caller")
        self.usage = usage
        self.seconds = seconds
