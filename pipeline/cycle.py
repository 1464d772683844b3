"""The whole cycle on one machine: every step that is due, in order. The map of the product.

    collect → generate → train → serve → evaluate → decide → report

Each step goes on from its own files in ``out``, so the same call after ``kill -9`` repeats
nothing. The first cycle is a backtest: the newest merged PRs are held out, the adapter is
trained at the commit before the oldest of them, and every model attempts all of them. Later
cycles evaluate what was merged since, and retrain when ``train.retrain_after_pulls`` is due.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.collect import collect_clone
from pipeline.collect import tasks as tasks_in
from pipeline.config import Config
from pipeline.decide import Options
from pipeline.epochs import Epoch, due, fresh, planned, record
from pipeline.errors import InputError, RunError
from pipeline.evaluate.request import Model, Request, carry_out, sentence
from pipeline.folders import held
from pipeline.generate import request as generating
from pipeline.jsonl import read
from pipeline.judgement import Kept, keep, note_route
from pipeline.report import write_report
from pipeline.report.transition import written
from pipeline.rollout.sandbox import Sandbox
from pipeline.serve import serving
from pipeline.settings import SCRIPTED
from pipeline.store import Store
from pipeline.train import train
from pipeline.train.card import read_card
from pipeline.types import Evaluation, Role, Rollout, Task, from_json

log = logging.getLogger(__name__)

STEPS = ("collect", "generate", "train", "evaluate", "decide", "report")


@dataclass(frozen=True)
class Outcome:
    """Where the results of a cycle are."""

    report: Path
    verdict: dict[str, Any]
    pulls: int
    samples: int
    evaluations: int
    valid_calls: Mapping[Role, tuple[int, int]]
    """Turns that were a valid tool call, and all turns, by role."""
    seconds: float
    """Wall clock of this call."""


class Cycle:
    """One repository, one folder, one config; ``run`` does what is due."""

    def __init__(self, repo: Path, out: Path, config: Config, *, payloads: Path | None = None, seed: int = 0) -> None:
        """``payloads``: recorded forge objects that ``collect`` joins to the history, or None."""
        # Absolute, because git, the sandbox and the model server run in folders of their own.
        self.repo, self.out = repo.absolute(), out.absolute()
        self.config, self.payloads, self.seed = config, payloads, seed
        self.db = self.out / "switchover.db"
        self.evaluations = self.out / "evaluate" / "evaluations.jsonl"

    def run(self) -> Outcome:
        """All steps in order. Raises what the steps raise; what is finished stays finished."""
        self._frontier()  # what would fail at the fourth step is said before the first
        with held(self.out, "cycle"):
            Sandbox().check()
            return self._run()

    def _run(self) -> Outcome:
        started = time.monotonic()
        pulls = self._collect()
        tasks = self._tasks()
        epoch = self._due(tasks)
        place = record(self.out, epoch)
        samples, adapter = place / "generate" / "samples.jsonl", place / "adapter"
        base = self.config.train.base
        self._generate(epoch, samples.parent)
        self._train(samples, base, adapter)
        self._evaluate(base, adapter, fresh(epoch, tasks))
        kept = self._decide()
        page = self._report(kept)
        seconds = time.monotonic() - started
        rows = self._rows()
        return Outcome(page, kept.record["verdict"], pulls, _count(samples), len(rows), valid_calls(rows), seconds)

    def _collect(self) -> int:
        with _step("collect", f"merged pull requests of {self.repo}"), Store.open(self.db) as store:
            found = collect_clone(self.repo, store, config=self.config.collect, payloads=self.payloads)
            log.info(
                "    %d pull requests, %d issues, left out: %s", found.pulls, found.issues, _counts(found.left_out)
            )
            return found.pulls

    def _tasks(self) -> list[Task]:
        with Store.open(self.db) as store:
            return list(tasks_in(store, self.config.collect))

    def _due(self, tasks: Sequence[Task]) -> Epoch:
        if not any(task.left_out is None for task in tasks):
            reasons = _counts(Counter(task.left_out or "" for task in tasks))
            raise InputError(
                f"{self.repo}: none of its {len(tasks)} merged pull requests can be used as a task ({reasons}); "
                f"list them with 'switchover tasks --db {self.db} --all'"
            )
        held_out, retrain_after = self.config.evaluate.backtest_pulls, self.config.train.retrain_after_pulls
        return due(planned(self.out), tasks, held_out=max(1, held_out), retrain_after=max(1, retrain_after))

    def _generate(self, epoch: Epoch, out: Path) -> None:
        settings = self.config.generate
        with _step("generate", f"trajectories from {settings.samples} functions at {epoch.base_sha[:10]}"):
            asked = generating.Request(self.repo, out, seed=self.seed, base_sha=epoch.base_sha, db=self.db)
            generating.carry_out(asked, self.config)
            log.info("    %d samples kept; yield and reasons: %s", _count(out / "samples.jsonl"), out / "summary.json")

    def _train(self, samples: Path, base: str, adapter: Path) -> None:
        count = _count(samples)
        if count == 0:
            raise RunError(f"{samples}: no sample was kept, so nothing can be trained; see left_out.jsonl beside it")
        with _step("train", f"a LoRA adapter on {count} samples"):
            card = train(samples, base, adapter, config=self.config.train, seed=self.seed)
            log.info("    loss %s, adapter in %s", card.loss, adapter)

    def _evaluate(self, base: str, adapter: Path, tasks: Sequence[Task]) -> None:
        usable = sum(task.left_out is None for task in tasks)
        with (
            _step("evaluate", f"{usable} fresh pull requests by own, base and frontier"),
            contextlib.ExitStack() as stack,
        ):
            if not usable:
                log.info("    no pull request was merged since the adapter was trained; nothing to do yet")
                return
            models = {**self._own(base, adapter, stack), "frontier": self._frontier()}
            asked = [task.id for task in tasks]
            request = Request(self.db, models, self.out / "evaluate", {}, asked, adapter=adapter, seed=self.seed)
            log.info("    %s", sentence(carry_out(request, self.config), self.out / "evaluate"))
            shares = (f"{role} {valid} of {turns}" for role, (valid, turns) in valid_calls(self._rows()).items())
            log.info("    valid tool calls: %s", ", ".join(shares))

    def _own(self, base: str, adapter: Path, stack: contextlib.ExitStack) -> dict[Role, Model]:
        settings = self.config.evaluate
        if settings.own.url:
            return {"own": Model(settings.own.url, settings.own.model or "own")}
        log.info("    starting the model server (its log: %s)", self.out / "serve.log")
        served = stack.enter_context(
            serving(
                base,
                adapter,
                engine=self.config.serve.engine,
                log=self.out / "serve.log",
                max_model_len=settings.context_tokens,
            )
        )
        if served.own_model is None:
            raise RunError(f"{adapter}: the server did not load the adapter; see {self.out / 'serve.log'}")
        return {"own": Model(served.url, served.own_model), "base": Model(served.url, served.base_model)}

    def _frontier(self) -> Model:
        frontier = self.config.evaluate.frontier
        if not frontier.url:
            raise InputError(
                "evaluate.frontier.url is not set; give the frontier model's endpoint in the config, or 'scripted'"
            )
        return Model(frontier.url, frontier.model or SCRIPTED)

    def _decide(self) -> Kept:
        with _step("decide", "own against frontier"), Store.open(self.db) as store:
            config, repo = self.config, self._title()
            note_route(store, repo, config.serve.route)
            options = Options(training_pulls=config.train.retrain_after_pulls, switched=config.serve.route == "own")
            kept = keep(store, repo, self._rows(), config, config.decide, options)
            (self.out / "verdict.json").write_text(json.dumps(kept.record["verdict"], indent=2) + "\n")
            (self.out / "transition.json").write_text(written(kept.record))
            log.info("    state: %s", kept.record["state"])
            return kept

    def _rows(self) -> list[Evaluation]:
        return [from_json(Evaluation, row) for row in read(self.evaluations)]

    def _title(self) -> str:
        with Store.open(self.db) as store:
            return next(iter(store.repos()))

    def _report(self, kept: Kept) -> Path:
        with _step("report", "page, record and comments"):
            rollouts = [from_json(Rollout, row) for row in read(self.out / "evaluate" / "rollouts.jsonl")]
            write_report(
                self.out / "report",
                self._rows(),
                kept.record["verdict"],
                title=self._title(),
                rollouts=rollouts,
                settings=self.config.decide,
                options=kept.options,
                prices=self.config.prices,
                trained_until=self._trained_until(),
            )
            return self.out / "report" / "report.html"

    def _trained_until(self) -> dict[str, str]:
        """By adapter, the time of the newest code that it was trained on."""
        cards = [read_card(path.parent) for path in self.out.glob("epochs/*/adapter/switchover.json")]
        return {card.sha256: card.trained_until for card in cards if card.trained_until}


def valid_calls(rows: Sequence[Evaluation]) -> dict[Role, tuple[int, int]]:
    """Turns that were a valid tool call, and all turns, by role."""
    counts: dict[Role, tuple[int, int]] = {}
    for row in rows:
        valid, turns = counts.get(row.role, (0, 0))
        counts[row.role] = (valid + row.tool_calls, turns + row.tool_calls + row.malformed_calls)
    return counts


@contextlib.contextmanager
def _step(name: str, what: str) -> Iterator[None]:
    log.info("[%d/%d] %s: %s", STEPS.index(name) + 1, len(STEPS), name, what)
    started = time.monotonic()
    yield
    log.info("    done in %.0f s", time.monotonic() - started)


def _count(path: Path) -> int:
    return sum(1 for _ in read(path))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items())) or "none"
