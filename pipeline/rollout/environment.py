"""mini-swe-agent's Environment over our sandbox and checkout.

Every call is a fresh sandbox (`cd` and variables do not last), and the words of submission end the
rollout. The host's variables are not among the template variables, as they are in the stock one.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pipeline.rollout.ending import Ended
from pipeline.rollout.observation import Observation, observe
from pipeline.rollout.tools import Ran, Tools

SENTINEL = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
"""First line of the output of a command that succeeded: the agent is done."""


class Execute(Protocol):
    """Runs a command in the sandbox for at most ``seconds``."""

    def __call__(self, command: Sequence[str], seconds: float) -> Ran: ...


class SandboxEnvironment:
    """Carries out tool calls. ``deadline`` is the rollout's, on the monotonic clock."""

    def __init__(
        self,
        execute: Execute,
        tools: Tools,
        *,
        deadline: float,
        command_seconds: float,
        characters: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = None
        self._execute = execute
        self._tools = tools
        self._deadline = deadline
        self._command_seconds = command_seconds
        self._characters = characters
        self._clock = clock

    def execute(self, action: dict[str, Any], cwd: str = "") -> dict[str, Any]:
        """The observation's template variables. Raises Ended on submission, or when no time is left."""
        ran = self._tools.run(action["name"], action["arguments"], self._shell)
        if ran.exit_code == 0 and _first_line(ran.output) == SENTINEL:
            raise Ended("submitted")
        return self._observe(ran).template_vars()

    def _shell(self, command: Sequence[str]) -> Ran:
        left = self._deadline - self._clock()
        if left <= 0:
            raise Ended("time_limit")
        return self._execute(command, min(left, self._command_seconds))

    def _observe(self, ran: Ran) -> Observation:
        note = _NOTES.get(ran.stopped_for or "", "")
        return observe(
            ran.output,
            ran.output_bytes,
            ran.exit_code,
            note.format(seconds=self._command_seconds),
            self._characters,
        )

    def get_template_vars(self, **kwargs: Any) -> dict[str, Any]:
        """What a prompt may say about the machine: system, release, version, machine."""
        return {**_machine(), **kwargs}

    def serialize(self) -> dict[str, Any]:
        return {}


_NOTES = {
    "time": "The command was stopped after {seconds:g} seconds.",
    "memory": "The command was stopped: it used too much memory.",
    "disk": "The command was stopped: it wrote too much to disk.",
    "output": "The command was stopped: it printed too much.",
}


def _first_line(output: bytes) -> str:
    return output[:4096].decode("utf-8", "replace").lstrip().partition("\n")[0].strip()


def _machine() -> dict[str, str]:
    uname = platform.uname()
    return {"system": uname.system, "release": uname.release, "version": uname.version, "machine": uname.machine}
