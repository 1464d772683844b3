"""One node as the driver sees it: its process, what it works on, and whether it lives."""

from __future__ import annotations

import itertools
import logging
import platform
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from pipeline import __version__
from pipeline.generate.attempts import Stop, Watch
from pipeline.generate.cluster.assignment import Assignment
from pipeline.generate.cluster.node import Node
from pipeline.generate.cluster.outcome import Problem, Unended
from pipeline.rollout.endpoint import Usage
from pipeline.types import Rollout

log = logging.getLogger(__name__)

START_SECONDS = 180.0
"""For a process on a node to start, unpack the base and test its sandbox and endpoint."""
CLOSE_SECONDS = 5.0


class Lost(Exception):
    """The node's process died with a rollout; what it is known to have used is carried along."""

    def __init__(self, usage: Usage, seconds: float) -> None:
        super().__init__("lost with its node")
        self.usage = usage
        self.seconds = seconds


@dataclass
class _Try:
    """A rollout that the node works on."""

    watch: Watch | None
    stop: Stop | None
    usage: Usage = field(default_factory=Usage)
    """As far as the node has told."""
    started: float = field(default_factory=time.monotonic)


class Host:
    """A node of the cluster and our process there; thread-safe."""

    def __init__(self, ray: Any, node: Mapping[str, Any], width: int) -> None:
        """``node``: a row of ``ray.nodes()``. ``width``: rollouts that it may be given at once."""
        self.id: str = node["NodeID"]
        self.cpus: float = node["Resources"]["CPU"]
        self.name = str(node["NodeName"])
        self.load = 0
        """Rollouts that it was given; kept by the fleet."""
        self._ray, self._width = ray, width
        self._actor: Any = None
        self._tickets = itertools.count()
        self._tries: dict[str, _Try] = {}
        self._lock = threading.Lock()
        self._beat: Future[dict[str, list[Usage]]] | None = None

    def start(self, assignment: Assignment, fetch: Callable[[], bytes]) -> Problem | None:
        """Start our process there and prepare it; None when it can begin. Raises RayError and TimeoutError."""
        here = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(self.id, soft=False)
        kind = self._ray.remote(concurrency_groups={"control": 2})(Node)
        # It claims no CPU in Ray's books: a rollout waits for the model nearly all of its time.
        self._actor = kind.options(num_cpus=0, max_concurrency=self._width, scheduling_strategy=here).remote()
        host, version, python = self._control("about").result(START_SECONDS)
        self.name = f"{host} ({self.name})"
        if problem := _mismatch(version, python):
            return problem
        found: Problem | None = self._control("prepare", assignment, fetch).result(START_SECONDS)
        return found

    def roll_out(self, work: dict[str, Any], watch: Watch | None, stop: Stop | None) -> Rollout | Unended | Problem:
        """One rollout there. Raises Lost."""
        ticket, running = str(next(self._tickets)), _Try(watch, stop)
        with self._lock:
            self._tries[ticket] = running
        try:
            outcome: Rollout | Unended | Problem = self._actor.roll_out.remote(ticket, work).future().result()
            return outcome
        except self._ray.exceptions.RayTaskError:
            raise  # a defect of ours on the node, with its traceback
        except self._ray.exceptions.RayError as error:
            log.debug("%s: %s", self.name, error)
            with self._lock:  # what is being heard of it is heard to its end
                usage = running.usage
            raise Lost(usage, time.monotonic() - running.started) from None
        finally:
            with self._lock:
                del self._tries[ticket]

    def pulse(self) -> None:
        """Hear what was used, and say which rollouts are to end; never waits. Raises RayError when it is dead."""
        if self._beat is None or self._beat.done():
            if self._beat is not None:
                self._hear(self._beat.result())
            self._beat = self._control("pulse", self._stopped())

    def close(self) -> None:
        """End our process there and all that it started."""
        if self._actor is None:
            return
        try:
            self._control("close", CLOSE_SECONDS).result(2 * CLOSE_SECONDS)
        except (self._ray.exceptions.RayError, TimeoutError) as error:
            log.debug("%s: not closed in time: %s", self.name, error)
        self._ray.kill(self._actor)

    def _control(self, method: str, *arguments: object) -> Future[Any]:
        call = getattr(self._actor, method).options(concurrency_group="control")
        future: Future[Any] = call.remote(*arguments).future()
        return future

    def _stopped(self) -> list[str]:
        with self._lock:
            tries = list(self._tries.items())
        return [ticket for ticket, running in tries if running.stop is not None and running.stop()]

    def _hear(self, used: Mapping[str, list[Usage]]) -> None:
        with self._lock:  # a rollout that has returned must not be heard of any more
            for ticket, usages in used.items():
                if running := self._tries.get(ticket):
                    for usage in usages:
                        running.usage += usage
                        if running.watch is not None:
                            running.watch(usage)


def _mismatch(version: str, python: str) -> Problem | None:
    """Rollouts of another version would be other rollouts."""
    if version != __version__:
        what = f"has Switchover {version} and this machine {__version__}; install the same version on both"
        return Problem("node", what)
    if python.split(".")[:2] != platform.python_version().split(".")[:2]:
        return Problem("node", f"has Python {python} and this machine {platform.python_version()}; use the same")
    return None
