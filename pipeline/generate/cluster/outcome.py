"""What a node answers instead of a rollout. Plain values: an exception of ours need not survive the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import InputError, RunError, SandboxUnavailable, SwitchoverError
from pipeline.rollout.endpoint import Usage

Fault = Literal["sandbox", "input", "node"]


@dataclass(frozen=True)
class Problem:
    """Why a node cannot carry out rollouts."""

    fault: Fault
    what: str
    """One line for a person."""

    def error(self, where: str) -> SwitchoverError:
        """The same as an exception; ``where`` names the node."""
        kinds = {"sandbox": SandboxUnavailable, "input": InputError, "node": RunError}
        return kinds[self.fault](f"{where}: {self.what}")


@dataclass(frozen=True)
class Unended:
    """A rollout that was stopped: no result, and what it used."""

    usage: Usage
    seconds: float


def problem_of(error: Exception) -> Problem:
    """The problem that ``error`` makes on a node."""
    if isinstance(error, SandboxUnavailable):
        return Problem("sandbox", str(error))
    what = f"{error.filename or 'disk'}: {error.strerror}" if isinstance(error, OSError) else str(error)
    return Problem("input" if isinstance(error, InputError) else "node", what)
