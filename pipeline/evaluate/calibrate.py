"""Soft against hard scores on the repository's own history: rivals of merged pull requests, graded both ways."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pipeline.collect.gold import gold_patch
from pipeline.evaluate.agreement import Agreement, agreement
from pipeline.evaluate.hard import Grader
from pipeline.evaluate.hard.placing import DoesNotApply
from pipeline.evaluate.rivals import Rival, rivals, source_patch
from pipeline.patch.recall import own as recall
from pipeline.trees import CommitTree
from pipeline.types import Pull, Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """One rival, graded both ways."""

    task_id: str
    rival: int
    """Its pull request's number."""
    outcome: str
    """resolved, partial (some fail-to-pass tests pass), failed, or a reason code: ``does_not_apply``, ``no_source``,
    ``recall_undefined`` and those of a grade."""
    recall: float | None
    f2p_passed: int | None = None
    f2p_total: int | None = None


@dataclass(frozen=True)
class Calibration:
    """What the rivals tell of the repository's soft scores."""

    repo: str
    tasks: int
    """Merged pull requests with rivals and proven tests."""
    rivals: int
    """Of those."""
    outcomes: Mapping[str, int]
    left_out: Mapping[str, int]
    """Merged pull requests with rivals that cannot be scored by tests, by reason code."""
    soft_and_hard: Agreement
    rows: tuple[Tried, ...]


def calibrate(
    clone: Path, grader: Grader, pulls: Sequence[Pull], tasks: Sequence[Task], limit: int | None
) -> Calibration:
    """Grade at most ``limit`` rivals (None: all), those of the newest merged pull requests first.

    Proofs and grades are kept, so that the same call goes on where it was stopped.
    Raises as ``Grader.grade``, and GitError.
    """
    found = rivals(clone, pulls) if pulls else {}
    usable = [task for task in tasks if task.left_out is None and task.number in found]
    left_out: Counter[str] = Counter()
    rows: list[Tried] = []
    seen = 0
    for task in tqdm(usable, desc="calibrate", unit="pull", disable=None):
        if limit is not None and len(rows) >= limit:
            break
        proof = grader.proof(task)
        if proof.left_out is not None:
            left_out[proof.left_out] += 1
            continue
        seen += 1
        rows += _tried(clone, grader, task, found[task.number][: None if limit is None else limit - len(rows)])
    outcomes = Counter(row.outcome for row in rows)
    run = [(row.recall, row.outcome == "resolved") for row in rows if row.f2p_total is not None]
    pairs = [(value, resolved) for value, resolved in run if value is not None]
    repo = pulls[0].repo if pulls else ""
    return Calibration(repo, seen, len(rows), dict(outcomes), dict(left_out), agreement(pairs), tuple(rows))


def _tried(clone: Path, grader: Grader, task: Task, of: Sequence[Rival]) -> Iterator[Tried]:
    gold, base = gold_patch(clone, task), CommitTree(clone, task.base_sha)
    for rival in of:
        patch = source_patch(clone, rival)
        if not patch:
            yield Tried(task.id, rival.number, "no_source", None)
            continue
        try:
            applied = grader.applied(task, patch)
        except DoesNotApply:
            yield Tried(task.id, rival.number, "does_not_apply", None)
            continue
        grade = grader.grade(task, applied, kept=True)
        part = "partial" if grade.f2p_passed else "failed"
        outcome = grade.reason or ("resolved" if grade.resolved else part)
        soft = recall(gold, applied, base).recall
        yield Tried(task.id, rival.number, outcome, soft, grade.f2p_passed, grade.f2p_total)
