"""The whole cycle on one machine: every step that is due, in order. The map of the product.

    collect → generate → train → gate → serve → evaluate → decide → report

Each step goes on from its own files in ``out``, so the same call after ``kill -9`` repeats
nothing. The first cycle is a backtest: the newest merged PRs are held out, the adapter is
trained at the commit before the oldest of them, and every model attempts all of them. Later
cycles evaluate what was merged since, and retrain when a trigger says so (``pipeline.triggers``).
A new adapter takes the place of the last one only when it passes its gates (``pipeline.gates``).
"""

from __future__ import annotations

import datetime
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import prices, whole
from pipeline.collect import collect_clone
from pipeline.collect import tasks as tasks_in
from pipeline.config import Config
from pipeline.decide import Options
from pipeline.epochs import Epoch, due, folder, fresh, planned, record
from pipeline.errors import InputError, RunError
from pipeline.evaluate.agreement import of_evaluations
from pipeline.evaluate.request import Model, Request, carry_out, sentence
from pipeline.folders import held
from pipeline.gates.record import Record
from pipeline.generate import request as generating
from pipeline.jsonl import read
from pipeline.judgement import Kept, keep, note_route
from pipeline.report import write_report
from pipeline.report.transition import written
from pipeline.rollout.sandbox import Sandbox
from pipeline.settings import SCRIPTED
from pipeline.steps.lock import alone
from pipeline.steps.server import Server
from pipeline.steps.shelf import Promoted, Shelf, is_finished
from pipeline.steps.shown import counts, step, valid_calls
from pipeline.store import Store
from pipeline.train import train
from pipeline.train.card import NAME as CARD
from pipeline.train.card import read_card
from pipeline.train.held_out import split
from pipeline.triggers import Standing, Trigger, drift, fired
from pipeline.types import Evaluation, Role, Rollout, Task, from_json, to_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """Where the results of a cycle are."""

    report: Path
    verdict: dict[str, Any]
    pulls: int
    samples: int
    evaluations: int
    valid_calls: Mapping[Role, tuple[int, int]]
    """Turns that were a valid tool call, and all turns, by role: on fresh pull requests."""
    seconds: float
    """Wall clock of this call."""
    epoch: Epoch
    gates: Record
    """Of the epoch's adapter."""
    adapter: str
    """Id of the adapter that is promoted now."""


class Cycle:
    """One repository, one folder, one config; ``run`` does what is due."""

    def __init__(self, repo: Path, out: Path, config: Config, *, payloads: Path | None = None, seed: int = 0) -> None:
        """``payloads``: recorded forge objects that ``collect`` joins to the history, or None."""
        # Absolute, because git, the sandbox and the model server run in folders of their own.
        self.repo, self.out = repo.absolute(), out.absolute()
        self.config, self.payloads, self.seed = config, payloads, seed
        self.db = self.out / "switchover.db"
        self.evaluations = self.out / "evaluate" / "evaluations.jsonl"

    def run(self, *, retrain: bool = False) -> Outcome:
        """All steps in order; ``retrain``: a new adapter is asked for. Raises what the steps raise; what is
        finished stays finished."""
        self._frontier()  # what would fail at the fifth step is said before the first
        with held(self.out, "cycle"):
            Sandbox().check()
            return self._run(retrain)

    def _run(self, retrain: bool) -> Outcome:
        started = time.monotonic()
        pulls = self._collect()
        tasks = self._tasks()
        shelf = Shelf(self.config, self._title(), self.out)
        epoch = self._due(tasks, shelf, retrain)
        place = folder(self.out, epoch)
        with Server(self.config, self.out) as server:
            gates = self._make(epoch, shelf, server)
            own = shelf.must_have(place / "adapter")
            self._evaluate(own, self._fresh(own, tasks), server)
        shelf.store_scores(self._rows())
        kept = self._decide()
        page = self._report(kept, own)
        rows, samples = self._rows(), _count(place / "generate" / "samples.jsonl")
        verdict, seconds = kept.record["verdict"], time.monotonic() - started
        return Outcome(page, verdict, pulls, samples, len(rows), valid_calls(rows), seconds, epoch, gates, own.entry.id)

    def _collect(self) -> int:
        with step("collect", f"merged pull requests of {self.repo}"), Store.open(self.db) as store:
            found = collect_clone(self.repo, store, config=self.config.collect, payloads=self.payloads)
            log.info("    %d pull requests, %d issues, left out: %s", found.pulls, found.issues, counts(found.left_out))
            return found.pulls

    def _tasks(self) -> list[Task]:
        with Store.open(self.db) as store:
            return list(tasks_in(store, self.config.collect))

    def _due(self, tasks: Sequence[Task], shelf: Shelf, retrain: bool) -> Epoch:
        if not any(task.left_out is None for task in tasks):
            reasons = counts(Counter(task.left_out or "" for task in tasks))
            raise InputError(
                f"{self.repo}: none of its {len(tasks)} merged pull requests can be used as a task ({reasons}); "
                f"list them with 'switchover tasks --db {self.db} --all'"
            )
        epochs, settings = planned(self.out), self.config.train
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

        def trigger(since: int) -> Trigger | None:
            last, own = epochs[-1], shelf.promoted()
            worse = drift(self._rows(), own.entry.card.sha256) if own else None
            finished = is_finished(folder(self.out, last) / "adapter")
            standing = Standing(finished, since, last.planned_at, worse)
            after, every = max(1, settings.retrain_after_pulls), settings.retrain_every_days
            return fired(standing, after_pulls=after, every_days=every, asked=retrain, now=now)

        epoch = due(epochs, tasks, trigger, held_out=max(1, self.config.evaluate.backtest_pulls), now=now)
        if epoch not in epochs:
            log.info("a new adapter is due (%s): %s", epoch.trigger, epoch.why)
        elif retrain:
            log.info("the last adapter is not finished, so it comes first")
        return epoch

    def _make(self, epoch: Epoch, shelf: Shelf, server: Server) -> Record:
        """Generate, train and gate; nobody else retrains the repository meanwhile."""
        with alone(shelf.lock, self._title(), self.out):
            place = record(self.out, epoch)
            samples = self._generate(epoch, place / "generate")
            trained_on, held_out = split(
                samples, samples.parent, share=self.config.adapters.held_out_share, seed=self.seed
            )
            self._train(trained_on, place / "adapter")
            with step("gate", "may the adapter take the place of the last one?"):
                gates = shelf.gate(place / "adapter", held_out, self.repo, place / "gates", server, self.seed)
                shelf.settle(place / "adapter", gates)
                return gates

    def _generate(self, epoch: Epoch, out: Path) -> Path:
        settings, samples = self.config.generate, out / "samples.jsonl"
        with step("generate", f"trajectories from {settings.samples} functions at {epoch.base_sha[:10]}"):
            asked = generating.Request(self.repo, out, seed=self.seed, base_sha=epoch.base_sha, db=self.db)
            generating.carry_out(asked, self.config)
            log.info("    %d samples kept; yield and reasons: %s", _count(samples), out / "summary.json")
        return samples

    def _train(self, samples: Path, adapter: Path) -> None:
        if (adapter / CARD).is_file():  # whatever the settings say now: it is made, and the gates judge it
            log.info("    trained already: %s", adapter)
            return
        count, base = _count(samples), self.config.train.base
        if count == 0:
            raise RunError(f"{samples}: no sample was kept, so nothing can be trained; see left_out.jsonl beside it")
        with step("train", f"an adapter on {count} samples"):
            price = prices.current(self.config, base)
            card = train(samples, base, adapter, config=self.config.train, seed=self.seed, price=price)
            log.info("    loss %s, adapter in %s", card.loss, adapter)

    def _fresh(self, own: Promoted, tasks: Sequence[Task]) -> list[Task]:
        """The tasks that may be put to the promoted adapter, whichever epoch it is of."""
        for epoch in planned(self.out):
            adapter = folder(self.out, epoch) / "adapter"
            if (adapter / CARD).is_file() and read_card(adapter).sha256 == own.entry.card.sha256:
                return fresh(epoch, tasks)
        return [task for task in tasks if task.merged_at > (own.entry.card.trained_until or "")]

    def _evaluate(self, own: Promoted, tasks: Sequence[Task], server: Server) -> None:
        usable = sum(task.left_out is None for task in tasks)
        with step("evaluate", f"{usable} fresh pull requests by own, base and frontier"):
            if not usable:
                log.info("    no pull request was merged since the adapter was trained; nothing to do yet")
                return
            models = {**self._own(own, server), "frontier": self._frontier()}
            asked = [task.id for task in tasks]
            request = Request(self.db, models, self.out / "evaluate", {}, asked, adapter=own.folder, seed=self.seed)
            log.info("    %s", sentence(carry_out(request, self.config), self.out / "evaluate"))
            shares = (f"{role} {valid} of {turns}" for role, (valid, turns) in valid_calls(self._rows()).items())
            log.info("    valid tool calls: %s", ", ".join(shares))

    def _own(self, own: Promoted, server: Server) -> dict[Role, Model]:
        endpoint = self.config.evaluate.own
        if endpoint.url:
            return {"own": Model(endpoint.url, endpoint.model or "own")}
        return server.models(own.entry.card.base, own.folder, own.entry.card.sha256)

    def _frontier(self) -> Model:
        frontier = self.config.evaluate.frontier
        if not frontier.url:
            raise InputError(
                "evaluate.frontier.url is not set; give the frontier model's endpoint in the config, or 'scripted'"
            )
        return Model(frontier.url, frontier.model or SCRIPTED)

    def _decide(self) -> Kept:
        with step("decide", "own against frontier"), Store.open(self.db) as store:
            config, repo = self.config, self._title()
            note_route(store, repo, config.serve.route)
            options = Options(training_pulls=config.train.retrain_after_pulls, switched=config.serve.route == "own")
            kept = keep(store, repo, self._rows(), config, config.decide, options)
            whole.write(self.out / "verdict.json", json.dumps(kept.record["verdict"], indent=2).encode() + b"\n")
            whole.write(self.out / "transition.json", written(kept.record).encode())
            log.info("    state: %s", kept.record["state"])
            return kept

    def _rows(self) -> list[Evaluation]:
        return [from_json(Evaluation, row) for row in read(self.evaluations)]

    def _title(self) -> str:
        with Store.open(self.db) as store:
            return next(iter(store.repos()))

    def _report(self, kept: Kept, own: Promoted | None = None) -> Path:
        with step("report", "page, record and comments"):
            rollouts = [from_json(Rollout, row) for row in read(self.out / "evaluate" / "rollouts.jsonl")]
            rows = self._rows()
            write_report(
                self.out / "report",
                rows,
                kept.record["verdict"],
                title=self._title(),
                rollouts=rollouts,
                settings=self.config.decide,
                options=kept.options,
                prices=self.config.prices,
                trained_until=self._trained_until(own),
                agreement=to_json(of_evaluations(rows)),
            )
            return self.out / "report" / "report.html"

    def _trained_until(self, own: Promoted | None) -> dict[str, str]:
        """By adapter, the time of the newest code that it was trained on."""
        cards = [read_card(path.parent) for path in self.out.glob(f"epochs/*/adapter/{CARD}")]
        cards += [own.entry.card] if own else []
        return {card.sha256: card.trained_until for card in cards if card.trained_until}


def _count(path: Path) -> int:
    return sum(1 for _ in read(path))
