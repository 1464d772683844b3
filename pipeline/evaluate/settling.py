"""Sealed patches get their scores once a pull request that closes their issue is merged."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.collect import tasks as tasks_in
from pipeline.collect.gold import gold_patch
from pipeline.config import Config
from pipeline.errors import RunError
from pipeline.evaluate import fresh
from pipeline.evaluate.budget import now
from pipeline.evaluate.by_tests import ByTests, by_tests
from pipeline.evaluate.journal import Journal, Key
from pipeline.evaluate.plan import Attempt, Contender
from pipeline.evaluate.request import basis_of, collected_repository
from pipeline.evaluate.score import Facts, evaluation, is_scorable, language, soft
from pipeline.evaluate.sealed import Seals
from pipeline.evaluate.sealing import SealedSummary, closes
from pipeline.folders import held
from pipeline.patch.diff import PatchError
from pipeline.store import Store
from pipeline.trees import CommitTree
from pipeline.types import Evaluation, LeftOut, Pull, Recall, Rollout, Sealed, Task

log = logging.getLogger(__name__)


def settle(db: Path, out: Path, config: Config) -> SealedSummary:
    """Score the sealed patches of every issue that a merged pull request has closed since.

    Raises RunError for a patch that was changed after it was sealed, and where a test run fails by our side; the
    other issues are settled before.
    """
    repo, clone = collected_repository(db)
    with Store.open(db, must_exist=True) as store:
        pulls = sorted(store.pulls(repo), key=lambda pull: pull.merged_at)
        tasks = list(tasks_in(store, config.collect, repo))
    with held(out, "evaluate"):
        seals, journal = Seals(out), Journal(out)
        measure = by_tests(clone, config.evaluate, out / "scratch")
        try:
            return _Settling(clone, out, seals, journal, measure).run(pulls, tasks, basis_of(tasks, config))
        finally:
            seals.close()
            journal.close()


@dataclass(frozen=True)
class _Settling:
    clone: Path
    out: Path
    seals: Seals
    journal: Journal
    measure: ByTests

    def run(self, pulls: Sequence[Pull], tasks: Sequence[Task], basis: Sequence[Task]) -> SealedSummary:
        """``pulls`` by time of merge; ``tasks``: the repository's; ``basis``: those that decide the measure."""
        left_out: Counter[str] = Counter()
        failed: list[RunError] = []
        fixes, waiting = self._fixes(pulls)
        by_number = {task.number: task for task in tasks}
        if fixes:
            found = [by_number[fix.number] for fix, _ in fixes]
            self.measure.fix(self.out, bool(self.journal.judged), basis or found)
        settled = 0
        for fix, rows in fixes:
            task = by_number[fix.number]
            in_time = [row for row in rows if fresh.is_sealed(row.at, fix.created_at or fix.merged_at)]
            if len(in_time) < len(rows):
                left_out[self._leave_out(fix, rows[0], fresh.SEALED_TOO_LATE)] += 1
            try:
                if reason := self._grade(task, fix, in_time) if in_time else None:
                    left_out[self._leave_out(fix, rows[0], reason)] += 1
                else:
                    settled += bool(in_time)
            except RunError as error:
                failed.append(error)
        if failed:
            for other in failed[1:]:
                log.error("evaluate: %s", other)
            raise failed[0]
        return SealedSummary(len(self.seals.rows), 0, settled, waiting, dict(left_out), self.journal.spent_usd)

    def _fixes(self, pulls: Sequence[Pull]) -> tuple[list[tuple[Pull, list[Sealed]]], int]:
        """The first merged pull request that closes each issue, with the issue's rows; and how many have none."""
        found, waiting = [], 0
        for issue, rows in _by_issue(self.seals.rows.values()):
            fix = next((pull for pull in pulls if closes(pull, issue)), None)
            if fix is None:
                waiting += 1
            else:
                found.append((fix, rows))
        return found, waiting

    def _leave_out(self, fix: Pull, row: Sealed, reason: str) -> str:
        issue = f"{fix.repo}/issues/{row.issue}"
        self.journal.add_left_out(LeftOut("evaluate", "issue", issue, reason, f"#{fix.number}"))
        return reason

    def _grade(self, task: Task, fix: Pull, rows: Sequence[Sealed]) -> str | None:
        """Score what is not scored yet of one issue's ``rows``; why that cannot be, or None."""
        if all(_key(task, row) in self.journal.judged for row in rows):
            return None
        if reason := self._reason(task):
            return reason
        # One time for all of an issue: they are one delivery, also where a kill came between the rows.
        written = [self.journal.judged[key].at for row in rows if (key := _key(task, row)) in self.journal.judged]
        at = min(written) if written else now()
        ordered = sorted(rows, key=lambda row: (row.role, row.attempt))
        graded = [self._by_recall(task, fix, row, at) for row in ordered]
        self.journal.add_evaluations([self.measure.row(row, task, recall) for row, recall in graded])
        return None

    def _reason(self, task: Task) -> str | None:
        if task.left_out is not None:
            return task.left_out
        scorable = is_scorable(gold_patch(self.clone, task), CommitTree(self.clone, task.base_sha))
        return None if scorable or self.measure.can_grade(task) else "gold_not_countable"

    def _by_recall(self, task: Task, fix: Pull, row: Sealed, at: str) -> tuple[Evaluation, float | None]:
        """The row of a sealed patch with its soft scores, and its recall."""
        gold, base = gold_patch(self.clone, task), CommitTree(self.clone, task.base_sha)
        facts = Facts(title=fix.title, backtest=False, language=language(gold, task))
        rollout = _rollout(row, self.seals.patch(row).decode("utf-8", "surrogateescape"))
        who = Contender(row.role, row.model, 1, row.adapter, row.scripted, row.agent)
        score = _score(gold, rollout, base)
        graded = evaluation(Attempt(row.rollout_id, task, who, row.attempt, 0), rollout, score, at, facts)
        return _as_sealed(graded, row), score.recall


def _by_issue(rows: Iterable[Sealed]) -> list[tuple[int, list[Sealed]]]:
    grouped: dict[int, list[Sealed]] = {}
    for row in rows:
        grouped.setdefault(row.issue, []).append(row)
    return sorted(grouped.items())


def _as_sealed(graded: Evaluation, row: Sealed) -> Evaluation:
    marks = (*graded.marks, fresh.SEALED)
    return replace(graded, task_id=_task_id(graded.task_id, row), marks=marks, sealed_at=row.at)


def _task_id(task_id: str, row: Sealed) -> str:
    """An id of its own: the same PR may be attempted again after its merge, and may close several issues."""
    return f"{task_id}/sealed/{row.issue}"


def _key(task: Task, row: Sealed) -> Key:
    return (_task_id(task.id, row), row.role, row.adapter, row.model, row.agent, row.attempt)


def _score(gold: bytes, rollout: Rollout, base: CommitTree) -> Recall:
    """By applying both patches; as written where the code has moved on since the patch was sealed."""
    try:
        return soft(gold, rollout, base)
    except PatchError:
        return soft(gold, rollout, None)


def _rollout(row: Sealed, patch: str) -> Rollout:
    return Rollout(
        id=row.rollout_id,
        task_id="",
        role=row.role,
        model=row.model,
        attempt=row.attempt,
        seed=0,
        messages=(),
        tools=(),
        patch=patch,
        exit=row.exit,
        steps=row.steps,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        tokens_cached=row.tokens_cached,
        seconds=row.seconds,
        cost_usd=row.cost_usd,
        cheat_marks=row.cheat_marks,
        malformed_calls=row.malformed_calls,
        tool_calls=row.tool_calls,
    )
