"""From what a user asks for (endpoints by role, which tasks) to an evaluation that runs."""

from __future__ import annotations

import contextlib
import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import config as configuration
from pipeline import prices
from pipeline.collect import tasks as tasks_in
from pipeline.config import Config
from pipeline.errors import InputError
from pipeline.evaluate.plan import ROLES, Contender
from pipeline.evaluate.run import Cutoffs, Evaluator, Summary
from pipeline.folders import held
from pipeline.rollout import scripted
from pipeline.rollout.agent import Harness, RolloutLimits
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.sandbox import Limits, Sandbox
from pipeline.settings import SCRIPTED
from pipeline.store import Store
from pipeline.train.card import AdapterCard, read_card
from pipeline.types import Role, Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """An endpoint and the name that it serves a model under."""

    url: str
    name: str


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


def parse_models(texts: Sequence[str]) -> dict[Role, Model]:
    """``ROLE=URL#NAME`` texts by role. Raises InputError for another form, or a role given twice."""
    models: dict[Role, Model] = {}
    for text in texts:
        role, _, rest = text.partition("=")
        url, _, name = rest.rpartition("#")
        if url == "" and name == SCRIPTED:
            url = SCRIPTED
        if _role(role, f"--model {text}") in models:
            raise InputError(f"--model {text}: {role} is given twice; keep one")
        if not url or not name or not (url == SCRIPTED or url.startswith(("http://", "https://"))):
            raise InputError(f"--model {text}: expected ROLE=URL#NAME, as in own=http://127.0.0.1:8001/v1#own")
        models[_role(role, f"--model {text}")] = Model(url, name)
    return models


def parse_attempts(texts: Sequence[str]) -> dict[Role, int]:
    """``ROLE=K`` texts by role, K from 1 on. Raises InputError for another form."""
    attempts: dict[Role, int] = {}
    for text in texts:
        role, _, number = text.partition("=")
        if re.fullmatch(r"[1-9][0-9]{0,5}", number) is None:
            raise InputError(f"--attempts {text}: expected ROLE=K with K from 1 on, as in own=2")
        attempts[_role(role, f"--attempts {text}")] = int(number)
    return attempts


def _role(text: str, where: str) -> Role:
    if text not in ROLES:
        raise InputError(f"{where}: unknown role {text!r}; one of {', '.join(ROLES)}")
    return text


def carry_out(request: Request, config: Config) -> Summary:
    """Run the evaluation that ``request`` asks for; errors as in ``Evaluator.run``."""
    repo, clone = collected_repository(request.db)
    with Store.open(request.db, must_exist=True) as store:
        tasks = choose(list(tasks_in(store, config.collect, repo)), request, config)
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
    with contextlib.ExitStack() as stack:
        stack.enter_context(held(request.out, "evaluate"))
        models = {role: _started(model, stack) for role, model in request.models.items()}
        evaluator = Evaluator(
            clone,
            request.out,
            _contenders(request, config, card),
            {role: harness(role, model, config) for role, model in models.items()},
            _cutoffs(config, card),
            scratch=request.out / "scratch",
            seed=request.seed,
        )
        stack.callback(evaluator.close)
        limit = config.evaluate.limit_usd if request.limit_usd is None else request.limit_usd
        _warn_of_free_riders(request, config, limit)
        concurrency = request.concurrency or config.evaluate.concurrency
        return evaluator.run(tasks, titles, concurrency=concurrency, limit_usd=limit)


def _warn_of_free_riders(request: Request, config: Config, limit_usd: float | None) -> None:
    asked = {model.name for model in request.models.values() if model.url != SCRIPTED}
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


def _contenders(request: Request, config: Config, card: AdapterCard | None) -> list[Contender]:
    defaults = config.evaluate.attempts
    return [
        Contender(
            role,
            model.name,
            request.attempts.get(role, getattr(defaults, role)),
            card.sha256 if card and role == "own" else None,
            model.url == SCRIPTED,
        )
        for role, model in request.models.items()
    ]


def _started(model: Model, stack: contextlib.ExitStack) -> Model:
    return Model(stack.enter_context(scripted.serve()), SCRIPTED) if model.url == SCRIPTED else model


def harness(role: Role, model: Model, config: Config) -> Harness:
    """The same harness for every role; only endpoint, key and price differ."""
    settings, secrets = config.evaluate, configuration.secrets()
    key = {"own": secrets.own_key, "base": secrets.own_key, "frontier": secrets.frontier_key}.get(role)
    limits = RolloutLimits(
        steps=settings.step_limit,
        seconds=settings.time_limit_seconds,
        context_tokens=settings.context_tokens,
        output_tokens=settings.max_output_tokens,
    )
    return Harness(
        endpoint=Endpoint(
            model.url,
            model.name,
            key,
            max_output_tokens=settings.max_output_tokens,
            temperature=settings.temperature,
        ),
        sandbox=Sandbox(Limits(seconds=limits.command_seconds)),
        tools=settings.tools,
        prompt=settings.prompt,
        limits=limits,
        price=prices.current(config, model.name),
        sharing=settings.concurrency,
    )


def _cutoffs(config: Config, card: AdapterCard | None) -> Cutoffs:
    known = config.evaluate.frontier.knowledge_until
    return Cutoffs(card.trained_until, card.made_at, known) if card else Cutoffs(knowledge_until=known)


def sentence(summary: Summary, out: Path) -> str:
    """One line for a person about what a run did."""
    left_out = sum(summary.left_out.values())
    stopped = f"; stopped for {summary.stopped_for}" if summary.stopped_for else ""
    reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(summary.left_out.items()))
    return (
        f"{summary.tasks} pull requests judged ({summary.void} void), {summary.rollouts} rollouts made now, "
        f"{left_out} left out{f' ({reasons})' if reasons else ''}, ${summary.spent_usd:.2f} spent{stopped}: "
        f"{out / 'evaluations.jsonl'}"
    )
