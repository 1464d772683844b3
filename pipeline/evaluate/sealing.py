"""Sealed forecasts: attempts on an open issue before anybody has fixed it; ``settling`` scores them afterwards."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.collect.leaks import without_answer
from pipeline.collect.prompt import LEAST_TEXT
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.evaluate.budget import now
from pipeline.evaluate.line_up import contenders
from pipeline.evaluate.plan import Contender, plan
from pipeline.evaluate.request import Request, caps_of, collected_repository, evaluating
from pipeline.evaluate.run import Evaluator
from pipeline.evaluate.sealed import Seals, sealed
from pipeline.git import git
from pipeline.rollout.pool import run_pool
from pipeline.store import Store
from pipeline.train.card import read_card
from pipeline.types import Issue, Pull, Rollout, Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SealedSummary:
    """What a call of ``evaluate --sealed`` or ``--settle`` did."""

    sealed: int
    """Patches whose hashes stand in sealed.jsonl, of the issue, or of all."""
    rollouts: int
    """Made by this call."""
    settled: int
    """Issues whose patches are scored, earlier calls included."""
    waiting: int
    """Issues that no merged pull request closes yet."""
    left_out: Mapping[str, int]
    spent_usd: float
    stopped_for: str | None = None


@dataclass(frozen=True)
class Obstacle:
    """Why an issue cannot be sealed."""

    reason: str
    """Reason code (docs/reasons.md)."""
    sentence: str

    def nothing(self) -> SealedSummary:
        """What sealing it comes to where that is no mistake."""
        return SealedSummary(0, 0, 0, 0, {self.reason: 1}, 0.0)


def obstacle(db: Path, issue: int) -> Obstacle | None:
    """Why ``issue`` of the repository in ``db`` cannot be sealed; None where it can."""
    repo, _ = collected_repository(db)
    with Store.open(db, must_exist=True) as store:
        found = _issue(store, repo, issue)
    return found if isinstance(found, Obstacle) else None


def seal(request: Request, issue: int, config: Config) -> SealedSummary:
    """Make and seal every attempt that is still missing on ``issue``.

    Raises InputError for an issue that there is an ``obstacle`` to; otherwise as ``Evaluator.run``.
    """
    repo, clone = collected_repository(request.db)
    with Store.open(request.db, must_exist=True) as store:
        known = _issue(store, repo, issue)
    if isinstance(known, Obstacle):
        raise InputError(known.sentence)
    card = read_card(request.adapter) if request.adapter else None
    with evaluating(request, config, clone, repo, card) as evaluator:
        seals = Seals(request.out)
        try:
            task = _task(known, clone, seals)
            who = contenders(request.models, request.attempts, config, card)
            concurrency = request.concurrency or config.evaluate.concurrency
            made, stopped = _seal(evaluator, seals, task, who, known, request, concurrency, config)
            mine = sum(row.issue == issue for row in seals.rows.values())
            return SealedSummary(mine, made, 0, 0, {}, evaluator.journal.spent_usd, stopped)
        finally:
            seals.close()


def _issue(store: Store, repo: str, number: int) -> Issue | Obstacle:
    where = f"--issue {number}"
    issue = store.issues(repo).get(number)
    if issue is None or issue.created_at is None:
        sentence = (
            f"{where}: {repo} has no such issue in the database; run 'switchover collect OWNER/NAME {where}' first"
        )
        return Obstacle("no_such_issue", sentence)
    fixes = [pull.number for pull in store.pulls(repo) if closes(pull, number)]
    if fixes:
        sentence = f"{where}: pull request {fixes[0]} closes it already; take an issue that is open"
        return Obstacle("closed_by_pull", sentence)
    prompt = _prompt(issue)
    if len(prompt) < LEAST_TEXT:
        return Obstacle("no_text", f"{where}: its text says too little ({prompt!r}); take another issue")
    return issue


def closes(pull: Pull, issue: int) -> bool:
    return any(link.closes and link.number == issue for link in pull.links)


def _task(issue: Issue, clone: Path, seals: Seals) -> Task:
    """The issue as a task, at the commit of the patches that are sealed already, else at the newest."""
    before = [row.base_sha for row in seals.rows.values() if row.issue == issue.number]
    base = before[0] if before else git(clone, "rev-parse", "HEAD").decode().strip()
    return Task(
        id=f"{issue.repo}/issues/{issue.number}",
        repo=issue.repo,
        number=issue.number,
        base_sha=base,
        merge_sha="",
        merged_at="",
        prompt=_prompt(issue),
        prompt_source="issue",
        prompt_written_at=issue.created_at,
        files=(),
        test_files=(),
        added=0,
        removed=0,
    )


def _prompt(issue: Issue) -> str:
    return "\n\n".join(filter(None, (without_answer(issue.title), without_answer(issue.body))))


def _seal(
    evaluator: Evaluator,
    seals: Seals,
    task: Task,
    who: Sequence[Contender],
    issue: Issue,
    request: Request,
    concurrency: int,
    config: Config,
) -> tuple[int, str | None]:
    """How many rollouts were made, and what stopped it."""
    planned = plan([task], who, evaluator.conditions(), request.seed)
    attempts = {a.id: a for a in planned if not seals.holds(issue.number, a.contender, a.number)}
    made = 0
    evaluator.check()

    def write(rollout: Rollout) -> None:
        attempt = attempts[rollout.id]
        if rollout.exit != "error" and not seals.holds(issue.number, attempt.contender, attempt.number):
            seals.add(*sealed(issue, task.base_sha, rollout, attempt.contender, f"{now()[:19]}Z"))

    for attempt in attempts.values():
        if finished := evaluator.journal.finished(attempt):
            write(finished)
    limit = config.evaluate.limit_usd if request.limit_usd is None else request.limit_usd
    caps = caps_of(request.db, config, limit, evaluator)
    missing = [attempt for attempt in attempts.values() if evaluator.journal.finished(attempt) is None]
    stopped = caps.reached(evaluator.journal.spending) if missing else None
    if stopped:
        log.warning("evaluate: stopped: %s", caps.sentence(stopped, evaluator.journal.spending))
        return 0, stopped
    for _, rollout in run_pool(evaluator.make, missing, concurrency):
        evaluator.journal.add_rollout(rollout)
        write(rollout)
        made += 1
    return made, None


def sentence(summary: SealedSummary, out: Path) -> str:
    """One line for a person."""
    left_out = ", ".join(f"{n} {reason}" for reason, n in sorted(summary.left_out.items()))
    stopped = f"; stopped for {summary.stopped_for}" if summary.stopped_for else ""
    return (
        f"{summary.sealed} patches sealed, {summary.rollouts} rollouts made now, {summary.settled} issues settled, "
        f"{summary.waiting} waiting{f', left out: {left_out}' if left_out else ''}, "
        f"${summary.spent_usd:.2f} spent{stopped}: {out}"
    )
