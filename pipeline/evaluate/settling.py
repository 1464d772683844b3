"""Sealed patches get their scores once a pull request that closes their issue is merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.collect import tasks as tasks_in
from pipeline.collect.gold import gold_patch
from pipeline.config import Config
from pipeline.evaluate import fresh
from pipeline.evaluate.budget import now
from pipeline.evaluate.journal import Journal
from pipeline.evaluate.plan import Attempt, Contender
from pipeline.evaluate.request import collected_repository
from pipeline.evaluate.score import Facts, evaluation, is_scorable, language, soft
from pipeline.evaluate.sealed import Sealed, Seals
from pipeline.evaluate.sealing import SealedSummary, closes
from pipeline.folders import held
from pipeline.patch.diff import PatchError
from pipeline.store import Store
from pipeline.trees import CommitTree
from pipeline.types import Evaluation, LeftOut, Pull, Recall, Rollout, Task


def settle(db: Path, out: Path, config: Config) -> SealedSummary:
    """Score the sealed patches of every issue that a merged pull request has closed since.

    Raises RunError for a patch that was changed after it was sealed.
    """
    repo, clone = collected_repository(db)
    with Store.open(db, must_exist=True) as store:
        pulls = sorted(store.pulls(repo), key=lambda pull: pull.merged_at)
        tasks = {task.number: task for task in tasks_in(store, config.collect, repo)}
    with held(out, "evaluate"):
        seals, journal = Seals(out), Journal(out)
        try:
            return _settled(clone, seals, journal, pulls, tasks)
        finally:
            seals.close()
            journal.close()


def _settled(
    clone: Path, seals: Seals, journal: Journal, pulls: Sequence[Pull], tasks: Mapping[int, Task]
) -> SealedSummary:
    left_out: Counter[str] = Counter()
    settled = waiting = 0
    for issue, rows in _by_issue(seals.rows.values()):
        fix = next((pull for pull in pulls if closes(pull, issue)), None)
        if fix is None:
            waiting += 1
            continue
        reason = _reason(clone, fix, tasks[fix.number], rows)
        if reason:
            left_out[reason] += 1
            journal.add_left_out(LeftOut("evaluate", "issue", f"{fix.repo}/issues/{issue}", reason, f"#{fix.number}"))
            continue
        journal.add_evaluations(list(_graded(clone, seals, tasks[fix.number], fix, rows)))
        settled += 1
    return SealedSummary(len(seals.rows), 0, settled, waiting, dict(left_out), journal.spent_usd)


def _by_issue(rows: Iterable[Sealed]) -> list[tuple[int, list[Sealed]]]:
    grouped: dict[int, list[Sealed]] = {}
    for row in rows:
        grouped.setdefault(row.issue, []).append(row)
    return sorted(grouped.items())


def _reason(clone: Path, fix: Pull, task: Task, rows: Sequence[Sealed]) -> str | None:
    began = fix.created_at or fix.merged_at
    if not all(fresh.is_sealed(row.at, began) for row in rows):
        return fresh.SEALED_TOO_LATE
    if task.left_out is not None:
        return task.left_out
    scorable = is_scorable(gold_patch(clone, task), CommitTree(clone, task.base_sha))
    return None if scorable else "gold_not_countable"


def _graded(clone: Path, seals: Seals, task: Task, fix: Pull, rows: Sequence[Sealed]) -> Iterator[Evaluation]:
    gold, base, at = gold_patch(clone, task), CommitTree(clone, task.base_sha), now()
    facts = Facts(title=fix.title, backtest=False, language=language(gold, task))
    for row in sorted(rows, key=lambda row: (row.role, row.attempt)):
        patch = seals.patch(row).decode("utf-8", "surrogateescape")
        rollout = _rollout(row, patch)
        who = Contender(row.role, row.model, 1, row.adapter, row.scripted, row.agent)
        graded = evaluation(
            Attempt(row.rollout_id, task, who, row.attempt, 0), rollout, _score(gold, rollout, base), at, facts
        )
        yield _as_sealed(graded, row)


def _as_sealed(graded: Evaluation, row: Sealed) -> Evaluation:
    marks = (*graded.marks, fresh.SEALED)
    # An id of its own: the same PR may be attempted again after its merge, and both are evidence.
    return replace(graded, task_id=f"{graded.task_id}/sealed", marks=marks, sealed_at=row.at)


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
