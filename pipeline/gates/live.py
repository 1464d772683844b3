"""Live rollouts on tasks that were held out of training, through a server: what gate ``valid_calls`` counts.

A held-out sample's description is the task, its base commit the checkout: no merged pull request is used,
so that these stay fresh for the evaluation. A rollout is written down when it ends; after a kill only the
missing ones are made.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline import jsonl
from pipeline.errors import RunError
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.pool import run_pool
from pipeline.rollout.workspace import Workspaces
from pipeline.train.held_out import group
from pipeline.types import Role, Rollout, from_json, to_json

log = logging.getLogger(__name__)

ROLLOUTS = "rollouts.jsonl"

TRIES = 3
"""Times that a rollout is made before a failure of ours is left standing."""


@dataclass(frozen=True)
class HeldOutTask:
    """What an agent is asked for a gate."""

    id: str
    base_sha: str
    prompt: str


def tasks_of(held_out: Path, count: int) -> list[HeldOutTask]:
    """At most ``count`` tasks, one for each function that was held out; those without a text or commit make none."""
    found: dict[str, HeldOutTask] = {}
    for row in jsonl.read(held_out):
        name, prompt, sha = group(row), row.get("description"), row.get("base_sha")
        if name not in found and isinstance(prompt, str) and prompt and isinstance(sha, str) and sha:
            found[name] = HeldOutTask(name, sha, prompt)
    return list(found.values())[:count]


@dataclass(frozen=True)
class _Attempt:
    id: str
    task: HeldOutTask
    role: Role
    seed: int


class LiveRollouts:
    """The rollouts of one adapter and its base."""

    def __init__(self, clone: Path, out: Path, harnesses: Mapping[Role, Harness], adapter: str, seed: int = 0) -> None:
        """``out`` holds the rollouts; ``adapter`` is the card's sha256; ``clone`` has the tasks' commits."""
        self._clone, self._out, self._harnesses = clone, out, harnesses
        self._adapter, self._seed = adapter, seed

    def run(self, tasks: list[HeldOutTask], concurrency: int) -> dict[Role, list[Rollout]]:
        """One rollout of each role on each task. Raises RunError where nothing but failures of ours came of it."""
        for harness in self._harnesses.values():
            harness.sandbox.check()
            harness.endpoint.check()
        path, scratch = self._out / ROLLOUTS, self._out / "scratch"
        done = {row["id"]: from_json(Rollout, row) for row in jsonl.read(path)}
        wanted = [self._attempt(task, role) for task in tasks for role in self._harnesses]
        self._workspaces = Workspaces(self._clone, scratch)
        with jsonl.Writer(path) as writer:
            missing: Iterator[_Attempt] = (attempt for attempt in wanted if attempt.id not in done)
            for attempt, rollout in run_pool(self._make, missing, concurrency):
                writer.write(to_json(rollout))
                done[attempt.id] = rollout
        self._workspaces.wait()
        shutil.rmtree(scratch, ignore_errors=True)
        made = [done[attempt.id] for attempt in wanted]
        failed = [rollout for rollout in made if rollout.exit == "error"]
        if made and len(failed) == len(made):
            raise RunError(f"{path}: every rollout failed by our side ({failed[0].detail}); delete it and run again")
        return {role: [rollout for rollout in made if rollout.role == role] for role in self._harnesses}

    def _attempt(self, task: HeldOutTask, role: Role) -> _Attempt:
        harness = self._harnesses[role]
        own = self._adapter if role == "own" else None
        settings = (harness.tools, harness.prompt, harness.limits, harness.endpoint.temperature)
        parts = (task, role, harness.endpoint.model, own, settings, self._seed)
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()
        return _Attempt(digest[:16], task, role, int(digest[16:23], 16))

    def _make(self, attempt: _Attempt) -> Rollout:
        for number in range(TRIES):
            with self._workspaces.open(attempt.task.base_sha) as workspace:
                rollout = roll_out(
                    attempt.task.prompt,
                    workspace,
                    self._harnesses[attempt.role],
                    id=attempt.id,
                    task_id=attempt.task.id,
                    role=attempt.role,
                    seed=attempt.seed,
                )
            if rollout.exit != "error":
                break
            log.warning("gates: %s %s: try %d of %d failed by our side: %s",
                        attempt.task.id, attempt.role, number + 1, TRIES, rollout.detail)  # fmt: skip
            self._harnesses[attempt.role].endpoint.check()
        return rollout
