"""Rollouts on Ray: the same as here, only elsewhere. What a node lost is begun anew on another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.generate.attempts import Stop, Wasted, Watch
from pipeline.generate.cluster.fleet import Fleet
from pipeline.generate.cluster.host import Host, Lost
from pipeline.generate.cluster.outcome import Problem, Unended
from pipeline.generate.unfinished import OursFailed
from pipeline.rollout.ending import Stopped
from pipeline.types import Rollout

TRIES = 4
"""Times that one rollout is begun before it counts as failed by our side: it may be what kills the nodes."""


class RayAttempts:
    """A rollout is over once, when this process has it; what a lost node may still do is not listened to."""

    def __init__(self, begin: Callable[[], Fleet]) -> None:
        """``begin`` connects to the cluster; it is called by the first ``check``."""
        self._begin = begin
        self._fleet: Fleet | None = None

    def check(self) -> None:
        if self._fleet is None:
            self._fleet = self._begin()
            self._fleet.open()

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
        work = {"prompt": prompt, "id": id, "task_id": task_id, "attempt": attempt, "seed": seed}
        fleet, tries = self._fleet, 0
        assert fleet is not None, "check comes first"
        while tries < TRIES:
            with fleet.place() as host:
                outcome = _on(fleet, host, work, watch, stop)
            if isinstance(outcome, Rollout):
                fleet.praise(host)
                return outcome
            if isinstance(outcome, Problem):
                if outcome.fault == "input":
                    raise outcome.error(host.name)
                fleet.leave_out(host, outcome)
                continue
            if stop is not None and stop():
                raise Stopped(outcome.usage, outcome.seconds)
            if wasted is not None:
                wasted(outcome.usage, outcome.seconds)
            tries += 1
        raise OursFailed(f"begun {TRIES} times on the cluster, and lost with its node each time")


def _on(
    fleet: Fleet, host: Host, work: dict[str, Any], watch: Watch | None, stop: Stop | None
) -> Rollout | Unended | Problem:
    try:
        return host.roll_out(work, watch, stop)
    except Lost as lost:
        fleet.lose(host)
        return Unended(lost.usage, lost.seconds)
