"""All nodes that rollouts are carried out on, as they come and go.

Each node gets its share of what is in flight, by its CPUs; one without CPUs in Ray's books (a head
node that is kept free) gets none. A node that cannot work is named and left out; one whose process
died is tried again.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.errors import RunError, SandboxUnavailable, SwitchoverError
from pipeline.generate.cluster.assignment import Assignment
from pipeline.generate.cluster.host import Host
from pipeline.generate.cluster.outcome import Problem
from pipeline.generate.unfinished import Paused

log = logging.getLogger(__name__)

DEATHS = 3
"""Times that our process may die on a node without a rollout to its end before the node is left out."""
PATIENCE_SECONDS = 90.0
"""For another node to come when none is left."""
BEAT_SECONDS = 1.0
LOOK_BEATS = 5
"""Beats between two looks at which nodes there are."""


class Fleet:
    """Thread-safe."""

    def __init__(self, ray: Any, assignment: Assignment, fetch: Callable[[], bytes], width: int) -> None:
        """``fetch`` gives the packed base on a node. ``width``: rollouts in flight on all nodes together."""
        self._ray, self._assignment, self._fetch, self._width = ray, assignment, fetch, width
        self._changed = threading.Condition()
        self._ready: dict[str, Host] = {}
        self._starting: dict[str, Host] = {}
        self._left_out: dict[str, tuple[str, Problem]] = {}
        self._alive: set[str] = set()
        self._deaths: Counter[str] = Counter()
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="cluster", daemon=True)

    def open(self) -> None:
        """Start on all nodes and wait for one that works. Raises what keeps all of them from it."""
        self._look()
        with self._changed:
            self._changed.wait_for(lambda: self._ready or not self._starting)
            if not self._ready:
                raise self._nobody()
        self._keeper.start()

    @contextlib.contextmanager
    def place(self) -> Iterator[Host]:
        """A node with room for a rollout; waited for. Raises when no node is left, Paused after ``close``."""
        host = self._take()
        try:
            yield host
        finally:
            with self._changed:
                host.load -= 1
                self._changed.notify()

    def praise(self, host: Host) -> None:
        """Note that a rollout came to its end there."""
        self._deaths.pop(host.id, None)

    def lose(self, host: Host) -> None:
        """Note that our process on ``host`` is dead; it is started again if its node still lives."""
        with self._changed:
            if self._ready.get(host.id) is host and not self._closing.is_set():
                del self._ready[host.id]
                log.warning("%s: our process died there; its rollouts are begun anew", host.name)
                self._count_death(host)
            self._changed.notify_all()

    def leave_out(self, host: Host, problem: Problem) -> None:
        """Give ``host`` no more work."""
        with self._changed:
            self._ready.pop(host.id, None)
            if host.id not in self._left_out:
                self._left_out[host.id] = (host.name, problem)
                log.warning("%s: left out: %s", host.name, problem.what)
            self._changed.notify_all()

    def close(self) -> None:
        """End our processes on all nodes."""
        self._closing.set()
        with self._changed:
            hosts = [*self._ready.values(), *self._starting.values()]
        threads = [threading.Thread(target=host.close, daemon=True) for host in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _take(self) -> Host:
        end = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while (host := self._free()) is None or self._closing.is_set():
                if self._closing.is_set():
                    raise Paused
                if self._is_hopeless() or (not self._ready and time.monotonic() > end):
                    raise self._nobody()
                self._changed.wait(BEAT_SECONDS)
            host.load += 1
            return host

    def _free(self) -> Host | None:
        """The node with the least to do for its size, if it has room."""
        first = [host for host in self._starting.values() if not self._deaths[host.id]]
        cpus = sum(host.cpus for host in (*self._ready.values(), *first))
        free = [host for host in self._ready.values() if host.load < math.ceil(self._width * host.cpus / cpus)]
        return min(free, key=lambda host: (host.load / host.cpus, host.id), default=None)

    def _is_hopeless(self) -> bool:
        return not self._ready and not self._starting and bool(self._alive) and self._alive <= self._left_out.keys()

    def _nobody(self) -> SwitchoverError:
        why = "; ".join(f"{name}: {problem.what}" for name, problem in sorted(self._left_out.values(), key=str))
        faults = {problem.fault for _, problem in self._left_out.values()}
        if len(self._left_out) == 1:
            ((name, problem),) = self._left_out.values()
            return problem.error(name)
        if faults == {"sandbox"}:
            return SandboxUnavailable(f"no node of the cluster can run a sandbox: {why}")
        left = why or "it has no living node with CPUs"
        return RunError(f"no node of the cluster can carry out rollouts: {left}; then run the same command again")

    def _keep(self) -> None:
        beat = 0
        while not self._closing.wait(BEAT_SECONDS):
            beat += 1
            if beat % LOOK_BEATS == 0:
                self._look()
            for host in list(self._ready.values()):
                try:
                    host.pulse()
                except self._ray.exceptions.RayError:
                    self.lose(host)

    def _look(self) -> None:
        nodes = {n["NodeID"]: n for n in self._ray.nodes() if n["Alive"] and n["Resources"].get("CPU")}
        with self._changed:
            self._alive = set(nodes)
            known = {*self._ready, *self._starting, *self._left_out}
            for host in [Host(self._ray, nodes[id], self._width) for id in nodes.keys() - known]:
                self._starting[host.id] = host
                threading.Thread(target=self._start, args=(host,), daemon=True).start()

    def _start(self, host: Host) -> None:
        problem, died = None, True
        try:
            problem = host.start(self._assignment, self._fetch)
            died = False
        except (self._ray.exceptions.RayError, TimeoutError) as error:
            log.debug("%s: not started: %s", host.name, error)
        finally:
            with self._changed:
                del self._starting[host.id]
                if died:
                    self._count_death(host)
                elif problem is not None:
                    self.leave_out(host, problem)
                else:
                    self._ready[host.id] = host
                    log.info("%s: ready, %g CPUs", host.name, host.cpus)
                self._changed.notify_all()

    def _count_death(self, host: Host) -> None:
        self._deaths[host.id] += 1
        if self._deaths[host.id] >= DEATHS:
            self.leave_out(host, Problem("node", f"our process died there {DEATHS} times; see Ray's logs there"))
