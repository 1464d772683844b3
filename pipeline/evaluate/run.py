"""The evaluation itself: attempts in parallel, each PR scored when its last attempt has ended."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from pipeline.collect.gold import gold_patch
from pipeline.errors import RunError
from pipeline.evaluate import fresh
from pipeline.evaluate.arms import Arm
from pipeline.evaluate.budget import Caps, now
from pipeline.evaluate.by_tests import ByTests
from pipeline.evaluate.journal import Journal, key_of
from pipeline.evaluate.opinions import Agreement
from pipeline.evaluate.plan import Attempt, Contender, by_task, plan
from pipeline.evaluate.questions import Judge, Probe, recollect
from pipeline.evaluate.score import Facts, evaluation, is_scorable, language, soft
from pipeline.evaluate.second import SecondOpinions
from pipeline.rollout import hostile
from pipeline.rollout.pool import run_pool
from pipeline.rollout.workspace import Workspaces
from pipeline.settings import Price
from pipeline.trees import CommitTree
from pipeline.types import Evaluation, LeftOut, Role, Rollout, Task

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
class Extras:
    """What is asked of models beside the attempts."""

    probe_memory: bool = False
    memorised_from: float = 0.5
    """Recall of the human patch from which a task counts as known by heart, 0..1."""
    judge: Judge | None = None
    prices: Mapping[Role, Price | None] = field(default_factory=dict)
    """For questions; attempts know their own."""
    by_tests: ByTests = field(default_factory=lambda: ByTests(None, "recall"))
    """The measure, and hard scores where tests are run."""


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
    """None, or the cap that was reached (``limit_usd``, ``limit_usd_per_month``): intake stopped, whole tasks only."""
    memorised: Mapping[str, int] = field(default_factory=dict)
    """Judged tasks that a role was found to know by heart."""
    opinions: Agreement | None = None
    """How the judge's preferences go with the scores; None without a judge."""
    regraded: int = 0
    """Rows that were graded once more and came out the same."""
    changed: int = 0
    """Rows that were graded once more and came out otherwise; each is named in the log."""


class Evaluator:
    """Runs contenders over tasks of one clone and writes the result into a folder."""

    def __init__(
        self,
        clone: Path,
        out: Path,
        contenders: Sequence[Contender],
        arms: Mapping[Role, Arm],
        cutoffs: Cutoffs,
        *,
        scratch: Path,
        seed: int = 0,
        extras: Extras = Extras(),
    ) -> None:
        """``scratch`` holds checkouts while they are in use; ``tidy`` deletes it."""
        self.clone, self.out, self.contenders, self.arms = clone, out, contenders, arms
        self.cutoffs, self.seed, self.extras = cutoffs, seed, extras
        self.journal = Journal(out)
        self.workspaces = Workspaces(clone, scratch)
        self._stopped_for: str | None = None
        self._writing = threading.Lock()
        self._scratch = scratch

    def run(
        self,
        tasks: Sequence[Task],
        titles: Mapping[str, str],
        *,
        concurrency: int,
        caps: Caps,
        regrade: bool = False,
        basis: Sequence[Task] = (),
    ) -> Summary:
        """Make every attempt that is still missing and judge every task that is complete.

        ``basis``: usable tasks that a new folder's measure is fixed on; (): ``tasks`` themselves.
        ``regrade``: grade once more what was judged before this call; rows that are written stay as they are.

        Raises SandboxUnavailable before anything is run, and EndpointError when a model's
        endpoint is gone: what was finished is kept and the same call goes on from there.
        """
        for arm in self.arms.values():
            arm.check()
        fresh_ones = [task for task in tasks if self._refusal(task) is None]
        self.extras.by_tests.fix(self.out, bool(self.journal.judged), basis or fresh_ones)
        left_out: Counter[str] = Counter()
        usable = [task for task in tasks if self._is_usable(task, left_out)]
        attempts = by_task(plan(usable, self.contenders, self.conditions(), self.seed))
        before = [rows for rows in attempts.values() if regrade and all(map(self.journal.is_judged, rows))]
        work = {task_id: self._work(rows) for task_id, rows in attempts.items()}
        waiting = {task_id: len(items) for task_id, items in work.items()}
        made = 0
        with tqdm(total=sum(map(len, attempts.values())), desc="evaluate", unit="rollout", disable=None) as bar:
            bar.update(bar.total - sum(isinstance(item, Attempt) for items in work.values() for item in items))
            for task_id, missing in waiting.items():
                if missing == 0:
                    self._judge(attempts[task_id], titles)
            for item, _ in run_pool(self._carry_out, self._due(work, caps), concurrency):
                if isinstance(item, Attempt):
                    made += 1
                    bar.update()
                waiting[item.task.id] -= 1
                if waiting[item.task.id] == 0:
                    self._judge(attempts[item.task.id], titles)
        if self.extras.judge and self._stopped_for is None:
            second = SecondOpinions(self.clone, self.journal, self.extras.judge)
            second.ask(list(attempts.values()), concurrency, lambda: self._is_spent(caps))
        again = [self._is_same(row) for rows in before for row in self._graded(rows, titles)]
        return replace(self._summary(attempts, made, left_out), regraded=again.count(True), changed=again.count(False))

    def check(self) -> None:
        """Make sure that every role can make attempts; raises as ``run``."""
        for arm in self.arms.values():
            arm.check()

    def close(self) -> None:
        """Close the output files."""
        self.journal.close()

    def tidy(self) -> None:
        """Delete what was of use while it ran, where no attempt is under way: a base commit is as large as the code."""
        self.workspaces.wait()
        with contextlib.suppress(RunError):
            hostile.remove(self._scratch)

    def conditions(self) -> str:
        """Hash of every setting that may change a result; part of each attempt's id."""
        settings = [(role, *arm.conditions()) for role, arm in sorted(self.arms.items())]
        return hashlib.sha256(repr(settings).encode()).hexdigest()

    def _is_usable(self, task: Task, left_out: Counter[str]) -> bool:
        reason = self._refusal(task)
        if reason is None and not self._is_scorable(task):
            reason = "gold_not_countable"
        if reason is None:
            return True
        left_out[reason] += 1
        self.journal.add_left_out(LeftOut("evaluate", "pull", task.id, reason, f"merged {task.merged_at}"))
        return False

    def _refusal(self, task: Task) -> str | None:
        if task.left_out is None and "own" in self.arms:
            return fresh.refusal(task, self.cutoffs.trained_until)
        return task.left_out

    def _is_scorable(self, task: Task) -> bool:
        gold, base = gold_patch(self.clone, task), CommitTree(self.clone, task.base_sha)
        return is_scorable(gold, base) or self.extras.by_tests.can_grade(task)

    def _work(self, attempts: Sequence[Attempt]) -> list[Attempt | Probe]:
        """What is still missing of a task: questions first, since they are cheap and mark what follows."""
        if all(map(self.journal.is_judged, attempts)):
            return []  # also where a setting has changed since: what is judged is not paid again
        missing: list[Attempt | Probe] = []
        if self.extras.probe_memory:
            probes = (Probe(attempts[0].task, who) for who in self.contenders if self.arms[who.role].endpoint)
            missing += [p for p in probes if self.journal.recollection(p.task.id, p.contender) is None]
        return missing + [row for row in attempts if self.journal.finished(row) is None]

    def _due(self, work: Mapping[str, list[Attempt | Probe]], caps: Caps) -> Iterator[Attempt | Probe]:
        for items in work.values():
            if items and self._is_spent(caps):
                return
            yield from items

    def _is_spent(self, caps: Caps) -> bool:
        self._stopped_for = caps.reached(self.journal.spending)
        if self._stopped_for:
            log.warning("evaluate: stopped: %s", caps.sentence(self._stopped_for, self.journal.spending))
        return self._stopped_for is not None

    def _carry_out(self, item: Attempt | Probe) -> None:
        """In a thread of its own, written down there: what only waited to be written would be paid again."""
        if isinstance(item, Attempt):
            rollout = self.make(item)
            with self._writing:
                self.journal.add_rollout(rollout)
        elif endpoint := self.arms[item.contender.role].endpoint:
            row = recollect(self.clone, item, endpoint, self.extras.prices.get(item.contender.role))
            with self._writing:
                if row:
                    self.journal.add_recollection(row)

    def make(self, attempt: Attempt) -> Rollout:
        """One attempt, made again up to ``TRIES`` times while it fails by our side."""
        for number in range(TRIES):
            rollout = self._try(attempt)
            if rollout.exit != "error":
                break
            log.warning("%s %s: try %d of %d failed by our side: %s",
                        attempt.task.id, attempt.contender.role, number + 1, TRIES, rollout.detail)  # fmt: skip
            self.arms[attempt.contender.role].check()
        return replace(rollout, ended_at=now())

    def _try(self, attempt: Attempt) -> Rollout:
        with self.workspaces.open(attempt.task.base_sha) as workspace:
            return self.arms[attempt.contender.role].attempt(attempt, workspace, self.journal.turns(attempt))

    def _judge(self, attempts: Sequence[Attempt], titles: Mapping[str, str]) -> None:
        if not all(self.journal.is_judged(attempt) for attempt in attempts):
            self.journal.add_evaluations(self._graded(attempts, titles))

    def _is_same(self, row: Evaluation) -> bool:
        """Whether a row graded once more has the score that is written."""
        known = self.journal.judged[key_of(row)]
        same = (row.score, row.measure, row.exit) == (known.score, known.measure, known.exit)
        if not same:
            log.warning("evaluate: %s %s attempt %d: scored %g (%s) then and %g (%s) now", row.task_id, row.role,
                        row.attempt, known.score, known.measure, row.score, row.measure)  # fmt: skip
        return same

    def _graded(self, attempts: Sequence[Attempt], titles: Mapping[str, str]) -> list[Evaluation]:
        task = attempts[0].task
        gold, base = gold_patch(self.clone, task), CommitTree(self.clone, task.base_sha)
        at = self.journal.time_of(attempts)
        facts = Facts(
            title=titles.get(task.id, ""),
            backtest=fresh.is_backtest(task, self.cutoffs.adapter_made_at),
            marks=self._marks(task),
            language=language(gold, task),
        )
        rows = []
        for attempt in sorted(attempts, key=lambda a: (a.contender.role, a.number)):
            rollout = self._rollout(attempt)
            score = soft(gold, rollout, base)
            row = evaluation(attempt, rollout, score, at, facts)
            rows.append(self.extras.by_tests.row(row, task, score.recall))
        return rows

    def _rollout(self, attempt: Attempt) -> Rollout:
        """Of ``attempt``; where a setting has changed since it was judged, the one that was judged."""
        made, judged = self.journal.rollouts.get(attempt.id), self.journal.judgement(attempt)
        return made or self.journal.rollouts[judged.rollout_id if judged else attempt.id]

    def _marks(self, task: Task) -> dict[Role, tuple[str, ...]]:
        known = {"frontier": fresh.marks(task, self.cutoffs.knowledge_until)}
        asked = {who.role: self.journal.recollection(task.id, who) for who in self.contenders}
        recalls = {role: row.recall for role, row in asked.items() if row}
        by_heart = {role: fresh.by_heart(recall, self.extras.memorised_from) for role, recall in recalls.items()}
        return {who.role: known.get(who.role, ()) + by_heart.get(who.role, ()) for who in self.contenders}

    def _agreement(self, tasks: Sequence[Sequence[Attempt]]) -> Agreement | None:
        judge = self.extras.judge
        return SecondOpinions(self.clone, self.journal, judge).agreement(tasks) if judge else None

    def _memorised(self, judged: Sequence[Sequence[Attempt]]) -> dict[str, int]:
        rows = (self.journal.judgement(a) for attempts in judged for a in attempts if a.number == 0)
        return dict(Counter(row.role for row in rows if row and fresh.MEMORISED in row.marks))

    def _summary(self, attempts: Mapping[str, list[Attempt]], made: int, left_out: Counter[str]) -> Summary:
        judged = [rows for rows in attempts.values() if all(self.journal.is_judged(row) for row in rows)]
        exits = [[row.exit for a in rows if (row := self.journal.judgement(a))] for rows in judged]
        void = sum("error" in of_task for of_task in exits)
        return Summary(
            len(judged),
            made,
            dict(left_out),
            void,
            self.journal.spent_usd,
            self._stopped_for,
            self._memorised(judged),
            self._agreement(list(attempts.values())),
        )
