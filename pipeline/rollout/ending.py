"""How a rollout is ended from within: mini-swe-agent's exit message, with an exit of our contract in it."""

from __future__ import annotations

from pipeline.rollout.mini import InterruptAgentFlow
from pipeline.types import Exit


class Ended(InterruptAgentFlow):  # type: ignore[misc]  # mini-swe-agent is imported untyped
    """Ends the agent's loop with ``exit``."""

    def __init__(self, exit: Exit) -> None:
        super().__init__({"role": "exit", "content": exit, "extra": {"exit_status": exit, "submission": ""}})
