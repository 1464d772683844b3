"""From what a user asks for (endpoints by role, which tasks) to an evaluation that runs."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import prices
from pipeline.collect import tasks as tasks_in
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.evaluate.budget import Caps, now, spent_elsewhere
from pipeline.evaluate.by_tests import by_tests
from pipeline.evaluate.line_up import (
    Model,
    agent_of,
    arm,
    contenders,
    judge_of,
    parse_attempts,
    parse_models,
    project_of,
)
from pipeline.evaluate.run import Cutoffs, Evaluator, Extras, Summary
from pipeline.folders import held
from pipeline.rollout import scripted
from pipeline.settings import SCRIPTED
from pipeline.store import Store
from pipeline.train.card import AdapterCard, read_card
from pipeline.types import Role, Task

__all__ = [
    "Model",
    "Request",
    "Summary",
    "basis_of",
    "caps_of",
    "carry_out",
    "choose",
    "collected_repository",
    "evaluating",
    "parse_attempts",
    "parse_models",
    "sentence",
]

log = logging.getLogger(__name__)

BASIS = 10
"""Newest tasks that a folder's measure is fixed on: the repository's, not those that a call happens to name. Each
takes about a minute to prove."""


@dataclass(frozen=True)
class Request:
    """What is to be evaluated; None leaves the choice to the config."""

    db: Path
    models: Mapping[Role, Model]
    out: Path
    attempts: Mapping[Role, int]
    task_ids: Sequence[str] = ()
    newest: int | None = None
    adapter: Path | None = None
    limit_usd: float | None = None
    concurrency: int | None = None
    seed: int = 0
    probe_memory: bool = False
    regrade: bool = False
    """Grade the tasks of ``task_ids`` that are judged already once more, and say whether the scores are the same."""


def carry_out(request: Request, config: Config) -> Summary:
    """Run the evaluation that ``request`` asks for; errors as in ``Evaluator.run``."""
    repo, clone = collected_repository(request.db)
    with Store.open(request.db, must_exist=True) as store:
        known = list(tasks_in(store, config.collect, repo))
        tasks = choose(known, request, config)
        titles = {f"{pull.repo}#{pull.number}": pull.title for pull in store.pulls(repo)}
    card = read_card(request.adapter) if request.adapter else None
    if "own" in request.models and card is None:
        log.warning("evaluate: own's training cut-off is not known; name its folder with --adapter to have it kept")
    if not any(task.left_out is None for task in tasks):
        reasons = ", ".join(f"{n} {why}" for why, n in sorted(Counter(str(t.left_out) for t in tasks).items()))
        raise InputError(
            f"{request.db}: no task to attempt ({reasons or 'no merged pull request'}); "
            f"see 'switchover tasks --db {request.db} --all'"
        )
    with evaluating(request, config, clone, repo, card) as evaluator:
        limit = config.evaluate.limit_usd if request.limit_usd is None else request.limit_usd
        _warn_of_free_riders(request, config, limit)
        caps = caps_of(request.db, config, limit, evaluator)
        concurrency = request.concurrency or config.evaluate.concurrency
        basis = basis_of(known, config)
        return evaluator.run(tasks, titles, concurrency=concurrency, caps=caps, regrade=request.regrade, basis=basis)


def basis_of(tasks: Sequence[Task], config: Config) -> Sequence[Task]:
    """Those of a repository's ``tasks``, newest first, that decide a folder's measure; () where the config does."""
    by_share = config.evaluate.measure == "auto"
    return [task for task in tasks if task.left_out is None][:BASIS] if by_share else ()


@contextlib.contextmanager
def evaluating(
    request: Request, config: Config, clone: Path, repo: str, card: AdapterCard | None
) -> Iterator[Evaluator]:
    """An evaluator that holds ``request.out``, with the scripted model started where it is asked for."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(request.out, "evaluate"))
        project = project_of(clone, repo)
        models = {role: _started(model, stack) for role, model in request.models.items()}
        evaluator = Evaluator(
            clone,
            request.out,
            contenders(request.models, request.attempts, config, card),
            {role: arm(role, model, config, project) for role, model in models.items()},
            _cutoffs(config, card),
            scratch=request.out / "scratch",
            seed=request.seed,
            extras=Extras(
                probe_memory=request.probe_memory or config.evaluate.memory_probe,
                memorised_from=config.evaluate.memorised_from,
                judge=judge_of(config),
                prices={role: prices.current(config, model.name) for role, model in models.items()},
                by_tests=by_tests(clone, config.evaluate, request.out / "scratch"),
            ),
        )
        stack.callback(evaluator.close)
        yield evaluator
        evaluator.tidy()  # not after an interruption: attempts may still be under way in there


def caps_of(db: Path, config: Config, limit_usd: float | None, evaluator: Evaluator) -> Caps:
    """The caps of a run; what other folders spent this month is read from the database."""
    monthly = config.evaluate.limit_usd_per_month
    if monthly is None:
        return Caps(limit_usd)
    with Store.open(db, must_exist=True) as store:
        month = now()[:7]
        elsewhere = spent_elsewhere(store, month, evaluator.journal.rollouts.keys())
    return Caps(limit_usd, monthly, elsewhere, month)


def _warn_of_free_riders(request: Request, config: Config, limit_usd: float | None) -> None:
    asked = {model.name for model in request.models.values() if model.url != SCRIPTED and not agent_of(model, config)}
    names = sorted(name for name in asked if prices.current(config, name) is None)
    if names and limit_usd is not None:
        what = ", ".join(names)
        log.warning("evaluate: the limit of %g USD does not count %s: add a price under prices", limit_usd, what)


def collected_repository(db: Path) -> tuple[str, Path]:
    """Name and clone of the repository in ``db``. Raises InputError unless there is exactly one."""
    with Store.open(db, must_exist=True) as store:
        repos = store.repos()
    if len(repos) != 1:
        found = ", ".join(repos) or "none"
        raise InputError(f"{db}: one collected repository is needed, found {found}; run 'switchover collect' first")
    return next(iter(repos.items()))


def choose(tasks: list[Task], request: Request, config: Config) -> list[Task]:
    """The tasks to attempt: those asked for by id, or the newest usable ones and what lies between.

    Left-out tasks between them stay in, so that their reasons are reported.
    Raises InputError for an unknown id, naming a few known ones.
    """
    if request.task_ids:
        known = {task.id: task for task in tasks}
        for task_id in request.task_ids:
            if task_id not in known:
                some = ", ".join(list(known)[:3]) or "none"
                raise InputError(f"--task {task_id}: no such task; there are {len(known)}, as {some}")
        return [known[task_id] for task_id in request.task_ids]
    wanted = request.newest or config.evaluate.backtest_pulls
    usable = [index for index, task in enumerate(tasks) if task.left_out is None]
    return tasks[: usable[:wanted][-1] + 1] if usable else tasks


def _started(model: Model, stack: contextlib.ExitStack) -> Model:
    return Model(stack.enter_context(scripted.serve()), SCRIPTED) if model.url == SCRIPTED else model


def _cutoffs(config: Config, card: AdapterCard | None) -> Cutoffs:
    known = config.evaluate.frontier.knowledge_until
    return Cutoffs(card.trained_until, card.made_at, known) if card else Cutoffs(knowledge_until=known)


def sentence(summary: Summary, out: Path) -> str:
    """One line for a person about what a run did."""
    left_out = sum(summary.left_out.values())
    stopped = f"; stopped for {summary.stopped_for}" if summary.stopped_for else ""
    reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(summary.left_out.items()))
    by_heart = ", ".join(f"{n} by {role}" for role, n in sorted(summary.memorised.items()))
    regraded = (
        f"; graded again: {summary.regraded} the same, {summary.changed} changed"
        if summary.regraded or summary.changed
        else ""
    )
    return (
        f"{summary.tasks} pull requests judged ({summary.void} void), {summary.rollouts} rollouts made now, "
        f"{left_out} left out{f' ({reasons})' if reasons else ''}, ${summary.spent_usd:.2f} spent"
        f"{f'; known by heart: {by_heart}' if by_heart else ''}{_second(summary)}{regraded}{stopped}: "
        f"{out / 'evaluations.jsonl'}"
    )


def _second(summary: Summary) -> str:
    found = summary.opinions
    if found is None or not found.tasks:
        return ""
    share = (
        "" if found.share is None else f", agreed with the scores on {found.agreed} of {found.agreed + found.opposed}"
    )
    return f"; the judge saw {found.tasks}{share}"
