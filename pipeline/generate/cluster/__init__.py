"""Rollouts spread over the machines of a Ray cluster: ``generate --ray ADDRESS``.

The driver (where the command was given) keeps the journal, the order of the stages and the
questions about rollouts; only the rollouts themselves run elsewhere. The same ids, seeds and files
come out.

    driver   attempts ── fleet ── host ──┐                       connect: the only import of Ray
                                         │ assignment (no key), base (packed once)
    node                                 └── node ── LocalAttempts, in threads

Not covered: a head node that dies takes the driver with it (the same command goes on afterwards).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pipeline.generate.attempts import Attempts
from pipeline.generate.cluster import bases, connect
from pipeline.generate.cluster.assignment import Assignment, assignment_of
from pipeline.generate.cluster.attempts import RayAttempts
from pipeline.generate.cluster.fleet import Fleet
from pipeline.rollout.agent import Harness
from pipeline.rollout.workspace import Workspaces

__all__ = ["OnRay"]


class OnRay:
    """Carries the rollouts of a run out on a cluster (a ``Carry``)."""

    def __init__(self, address: str, concurrency: int, is_scripted: bool = False) -> None:
        """``concurrency``: rollouts at once on all nodes. Raises InputError for an address of no known form."""
        connect.check_address(address)
        self._address, self._concurrency, self._is_scripted = address, concurrency, is_scripted

    @contextlib.contextmanager
    def __call__(self, workspaces: Workspaces, harness: Harness, base_sha: str) -> Iterator[Attempts]:
        """Connects at the first ``check``: what is finished already needs no cluster."""
        assignment = assignment_of(harness, base_sha, self._is_scripted)
        with contextlib.ExitStack() as stack:
            yield RayAttempts(lambda: stack.enter_context(self._fleet(workspaces, assignment)))

    @contextlib.contextmanager
    def _fleet(self, workspaces: Workspaces, assignment: Assignment) -> Iterator[Fleet]:
        with connect.connected(self._address) as ray:
            stored = connect.Stored(ray.put(bases.packed(workspaces.prepared(assignment.base_sha))))
            fleet = Fleet(ray, assignment, stored, self._concurrency)
            try:
                yield fleet
            finally:
                fleet.close()
