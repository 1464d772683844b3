"""The tool sets that an agent can be given: one file each, behind one protocol.

``bash`` is mini-swe-agent's single tool; ``editor`` adds a file editor for models that edit badly
with sed. Every tool acts through commands inside the sandbox: no tool touches a file from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.errors import InputError


class Ran(Protocol):
    """What the sandbox says about a command that it ran."""

    @property
    def exit_code(self) -> int: ...
    @property
    def output(self) -> bytes: ...
    @property
    def output_bytes(self) -> int: ...
    @property
    def stopped_for(self) -> str | None: ...


Shell = Callable[[Sequence[str]], Ran]
"""Runs one command in the sandbox, with the checkout as its working directory."""


@dataclass(frozen=True)
class Said:
    """A tool's own words, in the shape of a command's result."""

    output: bytes
    exit_code: int = 0
    stopped_for: str | None = None

    @property
    def output_bytes(self) -> int:
        return len(self.output)


class Tools(Protocol):
    """One rollout's tools; may hold state (an undo history), so each rollout has its own."""

    @property
    def schemas(self) -> Sequence[dict[str, Any]]:
        """OpenAI function schemas."""

    @property
    def named(self) -> str:
        """How a prompt speaks of them: "bash tool"."""

    def problem(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What is wrong with a call, for the model to read; "" when it can be run."""

    def run(self, name: str, arguments: Mapping[str, Any], shell: Shell) -> Ran:
        """Carry out a call that has no ``problem``."""


def tool_set(name: str) -> Tools:
    """Fresh tools for one rollout. Raises InputError for an unknown ``name``."""
    from pipeline.rollout.tools.bash import Bash
    from pipeline.rollout.tools.editor import Editor

    sets: dict[str, Callable[[], Tools]] = {"bash": Bash, "editor": Editor}
    if name not in sets:
        raise InputError(f"tools: {name!r} is not a tool set; choose one of {', '.join(sets)}")
    return sets[name]()
