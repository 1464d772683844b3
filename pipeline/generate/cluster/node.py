"""The part that runs on a machine of the cluster: one process, many rollouts in threads. Knows nothing of Ray.

It makes its own connections, takes the key from its own environment and tests its own sandbox.
When nothing is heard of the driver any more, its rollouts end before their next turn.
"""

from __future__ import annotations

import contextlib
import platform
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import __version__, config
from pipeline.errors import SwitchoverError
from pipeline.generate.attempts import Attempts, LocalAttempts
from pipeline.generate.cluster import bases
from pipeline.generate.cluster.assignment import Assignment, harness_of
from pipeline.generate.cluster.outcome import Problem, Unended, problem_of
from pipeline.rollout import scripted
from pipeline.rollout.base import GIT_DIR
from pipeline.rollout.ending import Stopped
from pipeline.rollout.endpoint import Usage
from pipeline.rollout.workspace import Workspaces
from pipeline.types import Rollout

SILENCE_SECONDS = 120.0
"""Without a word of the driver for so long, it is taken for gone."""


@dataclass
class _Running:
    """One rollout under way."""

    is_stopped: bool = False
    unheard: list[Usage] = field(default_factory=list)
    """Of turns that the driver was not told of yet."""


class Node:
    """Rollouts on this machine. Its methods are called from many threads."""

    def __init__(self) -> None:
        self._resources = contextlib.ExitStack()
        self._attempts: Attempts | None = None
        self._running: dict[str, _Running] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._heard = time.monotonic()

    def about(self) -> tuple[str, str, str]:
        """Host name, version of Switchover, version of Python: plain, so that any version can read it."""
        return socket.gethostname(), __version__, platform.python_version()

    def prepare(self, assignment: Assignment, fetch: Callable[[], bytes]) -> Problem | None:
        """Get ready for ``assignment``; ``fetch`` gives the packed base. None when rollouts can begin."""
        try:
            self._attempts = self._ready(assignment, fetch)
        except (SwitchoverError, OSError) as error:
            return problem_of(error)
        return None

    def roll_out(self, ticket: str, work: dict[str, Any]) -> Rollout | Unended | Problem:
        """One rollout; ``ticket`` is what ``pulse`` calls this try, ``work`` what ``Attempts.run`` takes."""
        assert self._attempts is not None, "prepare comes first"
        running = _Running()
        with self._changed:
            self._running[ticket] = running
        try:
            return self._attempts.run(**work, watch=running.unheard.append, stop=lambda: self._must_stop(running))
        except Stopped as stopped:
            return Unended(stopped.usage, stopped.seconds)
        except (SwitchoverError, OSError) as error:
            return problem_of(error)
        finally:
            with self._changed:
                del self._running[ticket]
                self._changed.notify_all()

    def pulse(self, stopped: Sequence[str]) -> dict[str, list[Usage]]:
        """The driver lives: what was used since the last call, by ticket. ``stopped``: tickets that are to end."""
        self._heard = time.monotonic()
        with self._changed:
            for ticket in stopped:
                if ticket in self._running:
                    self._running[ticket].is_stopped = True
            return {ticket: _drained(running) for ticket, running in self._running.items() if running.unheard}

    def close(self, seconds: float) -> None:
        """Stop what runs and wait for it, ``seconds`` at most; then let go of files and connections."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._running, seconds)
        self._resources.close()

    def _ready(self, assignment: Assignment, fetch: Callable[[], bytes]) -> Attempts:
        stack = self._resources
        root = _root()
        base = stack.enter_context(bases.unpacked(root, assignment.base_sha, fetch))
        workspaces = Workspaces(base / GIT_DIR, root)
        stack.callback(workspaces.wait)
        url = stack.enter_context(scripted.serve()) if assignment.is_scripted else None
        harness = harness_of(assignment, url)
        attempts = LocalAttempts(workspaces, harness, assignment.base_sha)
        attempts.check()
        harness.endpoint.check()
        return attempts

    def _must_stop(self, running: _Running) -> bool:
        return running.is_stopped or self._is_closed or time.monotonic() - self._heard > SILENCE_SECONDS


def _drained(running: _Running) -> list[Usage]:
    heard = running.unheard[:]
    del running.unheard[: len(heard)]  # more may have come meanwhile
    return heard


def _root() -> Path:
    """Apart by machine, because home folders of a cluster are often shared; and by version."""
    return config.cache_dir() / "cluster" / socket.gethostname() / __version__
