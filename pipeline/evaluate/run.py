"""The evaluation itself: attempts in parallel, each PR scored when its last attempt has ended."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pipeline.collect.gold import gold_patch
from pipeline.evaluate import fresh
from pipeline.evaluate.journal import Journal
from pipeline.evaluate.plan import Attempt, Contender, by_task, plan
from pipeline.evaluate.score import Facts, evaluation, is_scorable, language, soft
from pipeline.rollout.agent import Harness, roll_out
from pipeline.rollout.pool import run_pool
from pipeline.rollout.workspace import Workspaces
from pipeline.trees import CommitTree
from pipeline.types import LeftOut, Role, Rollout, Task

log = logging.getLogger(__name__)

TRIES = 3
"""Times that an attempt is made before a failure of ours voids the PR."""


@dataclass(frozen=True)
class Cutoffs:
    """What the contenders may have seen; ISO times in UTC, None where unknown."""

    trained_until: str | None = None
    """Newest code or text in own's training data."""
    adapter_made_at: str | None = None
    knowledge_until: str | None = None
    """Frontier's declared date."""


@dataclass(frozen=True)
class Summary:
    """What a run of ``evaluate`` did."""

    tasks: int
    """Tasks with all their attempts judged, earlier runs included."""
    rollouts: int
    """Rollouts made by this run."""
    left_out: Mapping[str, int]
    void: int
    """Tasks with an attempt that failed by our side every time."""
    spent_usd: float
    stopped_for: str | None
    """None, or ``limit_usd``: intake stopped there, whole tasks only."""


class Evaluator:
    """Runs contenders over tasks of one clone and writes the result into a folder."""

    def __init__(
        self,
        clone: Path,
        out: Path,
        contenders: Sequence[Contender],
        harnesses: Mapping[Role, Harness],
        cutoffs: Cutoffs,
        *,
        scratch: Path,
        seed: int = 0,
    ) -> None:
        """``scratch`` holds checkouts while they are in use; it may be deleted between runs."""
        self.clone, self.contenders, self.harnesses = clone, contenders, harnesses
        self.cutoffs, self.seed = cutoffs, seed
        self.journal = Journal(out)
        self.workspaces = Workspaces(clone, scratch)
        self._stopped_for: str | None = None

    def run(
        self, tasks: Sequence[Task], titles: Mapping[str, str], *, concurrency: int, limit_usd: float | None
    ) -> Summary:
        """Make every attempt that is still missing and judge every task that is complete.

        Raises SandboxUnavailable before anything is run, and EndpointError when a model's
        endpoint is gone: what was finished is kept and the same call goes on from there.
        """
        for harness in self.harnesses.values():
            harness.sandbox.check()
            harness.endpoint.check()
        left_out: Counter[str] = Counter()
        usable = [task for task in tasks if self._is_usable(task, left_out)]
        attempts = by_task(plan(usable, self.contenders, self._conditions(), self.seed))
        waiting = {task_id: sum(self.journal.finished(a) is None for a in rows) for task_id, rows in attempts.items()}
        made = 0
        with tqdm(total=sum(map(len, attempts.values())), desc="evaluate", unit="rollout", disable=None) as bar:
            bar.update(bar.total - sum(waiting.values()))
            for task_id, missing in waiting.items():
                if missing == 0:
                    self._judge(attempts[task_id], titles)
            for attempt, rollout in run_pool(self._make, self._missing(attempts, limit_usd), concurrency):
                self.journal.add_rollout(rollout)
                made += 1
                bar.update()
                waiting[attempt.task.id] -= 1
                if waiting[attempt.task.id] == 0:
                    self._judge(attempts[attempt.task.id], titles)
        return self._summary(attempts, made, left_out)

    def close(self) -> None:
        """Close the output files."""
        self.journal.close()

    def _conditions(self) -> str:
        settings = [
            (role, h.tools, h.prompt, h.limits, h.endpoint.temperature) for role, h in sorted(self.harnesses.items())
        ]
        return hashlib.sha256(repr(settings).encode()).hexdigest()

    def _is_usable(self, task: Task, left_out: Counter[str]) -> bool:
        reason = task.left_out
        if reason is None and "own" in self.harnesses:
            reason = fresh.refusal(task, self.cutoffs.trained_until)
        if reason is None and not is_scorable(gold_patch(self.clone, task), CommitTree(self.clone, task.base_sha)):
            reason = "gold_not_countable"
        if reason is None:
            return True
        left_out[reason] += 1
        self.journal.add_left_out(LeftOut("evaluate", "pull", task.id, reason, f"merged {task.merged_at}"))
        return False

    def _missing(self, attempts: Mapping[str, list[Attempt]], limit_usd: float | None) -> Iterator[Attempt]:
        for rows in attempts.values():
            missing = [row for row in rows if self.journal.finished(row) is None]
            if missing and limit_usd is not None and self.journal.spent_usd >= limit_usd:
                self._stopped_for = "limit_usd"
                log.warning("evaluate: stopped at $%.2f of --limit-usd %.2f", self.journal.spent_usd, limit_usd)
                return
            yield from missing

    def _make(self, attempt: Attempt) -> Rollout:
        for number in range(TRIES):
            rollout = self._try(attempt)
            if rollout.exit != "error":
                break
            log.warning("%s %s: try %d of %d failed by our side: %s",
                        attempt.task.id, attempt.contender.role, number + 1, TRIES, rollout.detail)  # fmt: skip
            self.harnesses[attempt.contender.role].endpoint.check()
        return rollout

    def _try(self, attempt: Attempt) -> Rollout:
        task, who = attempt.task, attempt.contender
        with self.workspaces.open(task.base_sha) as workspace:
            return roll_out(
                task.prompt,
                workspace,
                self.harnesses[who.role],
                id=attempt.id,
                task_id=task.id,
                role=who.role,
                attempt=attempt.number,
                seed=attempt.seed,
            )

    def _judge(self, attempts: Sequence[Attempt], titles: Mapping[str, str]) -> None:
        if all(self.journal.is_judged(attempt) for attempt in attempts):
            return
        task = attempts[0].task
        gold, base = gold_patch(self.clone, task), CommitTree(self.clone, task.base_sha)
        at = self.journal.time_of(attempts)
        facts = Facts(
            title=titles.get(task.id, ""),
            backtest=fresh.is_backtest(task, self.cutoffs.adapter_made_at),
            marks={"frontier": fresh.marks(task, self.cutoffs.knowledge_until)},
            language=language(gold, task),
        )
        rows = []
        for attempt in sorted(attempts, key=lambda a: (a.contender.role, a.number)):
            rollout = self.journal.rollouts[attempt.id]
            rows.append(evaluation(attempt, rollout, soft(gold, rollout, base), at, facts))
        self.journal.add_evaluations(rows)

    def _summary(self, attempts: Mapping[str, list[Attempt]], made: int, left_out: Counter[str]) -> Summary:
        judged = [rows for rows in attempts.values() if all(self.journal.is_judged(row) for row in rows)]
        void = sum(any(self.journal.rollouts[row.id].exit == "error" for row in rows) for rows in judged)
        return Summary(len(judged), made, dict(left_out), void, self.journal.spent_usd, self._stopped_for)
