"""The whole cycle on one machine: every step that is due, in order. The map of the product.

    collect → generate → train → serve → evaluate → decide → report

Each step goes on from its own files in ``out``, so the same call after ``kill -9`` repeats
nothing. It is a backtest: the newest merged PRs are held out, the adapter is trained at the
commit before the oldest of them, and all of them are then attempted by every model.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import config as configuration
from pipeline.collect import collect_clone
from pipeline.collect import tasks as tasks_in
from pipeline.config import Config
from pipeline.decide import judge
from pipeline.errors import InputError, RunError
from pipeline.evaluate.request import Model, Request, carry_out, choose, sentence
from pipeline.generate import generate
from pipeline.git import git
from pipeline.jsonl import read
from pipeline.report import write_report
from pipeline.rollout import scripted
from pipeline.rollout.endpoint import Endpoint
from pipeline.rollout.sandbox import Sandbox
from pipeline.serve import serving
from pipeline.settings import SCRIPTED, SMALL
from pipeline.store import Store
from pipeline.train import train
from pipeline.train.small_model import small_model
from pipeline.types import Evaluation, Role, Rollout, Task, from_json

log = logging.getLogger(__name__)

STEPS = ("collect", "generate", "train", "evaluate", "decide", "report")

STYLE_TEXTS = 20
"""Issue and PR texts that show the teacher how this repository's people write."""


@dataclass(frozen=True)
class Outcome:
    """Where the results of a cycle are."""

    report: Path
    verdict: dict[str, Any]
    pulls: int
    samples: int
    evaluations: int
    seconds: float
    """Wall clock of this call."""


class Cycle:
    """One repository, one folder, one config; ``run`` does what is due."""

    def __init__(self, repo: Path, out: Path, config: Config, *, payloads: Path | None = None, seed: int = 0) -> None:
        """``payloads``: recorded forge objects that ``collect`` joins to the history, or None."""
        self.repo, self.out, self.config, self.payloads, self.seed = repo, out, config, payloads, seed
        self.db = out / "switchover.db"
        self.samples = out / "generate" / "samples.jsonl"
        self.adapter = out / "adapter"
        self.evaluations = out / "evaluate" / "evaluations.jsonl"

    def run(self) -> Outcome:
        """All steps in order. Raises what the steps raise; what is finished stays finished."""
        started = time.monotonic()
        _make_folder(self.out)
        Sandbox().check()
        base = self._base_model()
        pulls = self._collect()
        held_out = self._held_out()
        self._generate(held_out)
        self._train(base)
        self._evaluate(base, len([task for task in held_out if task.left_out is None]))
        verdict = self._decide()
        page = self._report(verdict)
        seconds = time.monotonic() - started
        return Outcome(page, verdict, pulls, _count(self.samples), _count(self.evaluations), seconds)

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

    def _held_out(self) -> list[Task]:
        """The newest tasks, held out of training; newest first, left-out ones between them included."""
        tasks = self._tasks()
        chosen = choose(tasks, Request(db=self.db, models={}, out=self.out, attempts={}), self.config)
        if not any(task.left_out is None for task in chosen):
            reasons = _counts_of([task.left_out or "" for task in tasks])
            raise InputError(
                f"{self.repo}: none of its {len(tasks)} merged pull requests can be used as a task ({reasons}); "
                "list them with 'switchover tasks --all'"
            )
        return chosen

    def _generate(self, held_out: Sequence[Task]) -> None:
        settings = self.config.generate
        base_sha = [task for task in held_out if task.left_out is None][-1].base_sha
        with _step("generate", f"{settings.samples} functions at {base_sha[:10]}"), self._teacher() as teacher:
            generate(
                self.repo,
                self.out / "generate",
                samples=settings.samples,
                endpoint=teacher,
                config=settings,
                seed=self.seed,
                concurrency=settings.concurrency,
                limit_usd=settings.limit_usd,
                base_sha=base_sha,
                style_texts=self._style_texts(base_sha),
                price=self.config.prices.get(teacher.model),
                prompt=settings.prompt,
            )
            log.info(
                "    %d samples kept; yield and reasons: %s", _count(self.samples), self.out / "generate/summary.json"
            )

    @contextlib.contextmanager
    def _teacher(self) -> Iterator[Endpoint]:
        settings = self.config.generate
        with _endpoint_url(settings.teacher.url, "generate.teacher.url") as url:
            key = configuration.secrets().teacher_key
            name = settings.teacher.model or SCRIPTED
            yield Endpoint(url, name, key, max_output_tokens=settings.max_output_tokens)

    def _style_texts(self, base_sha: str) -> list[str]:
        """Texts that were written before the base commit; later ones could tell of the held-out PRs."""
        before = git(self.repo, "log", "-1", "--format=%cI", base_sha).decode().strip()
        cutoff = configuration.utc(before)
        with Store.open(self.db) as store:
            pulls = [pull for pull in store.pulls() if pull.merged_at < cutoff]
            repo = next(iter(store.repos()))
            issues = [i for i in store.issues(repo).values() if i.created_at and i.created_at < cutoff and i.body]
        texts = [f"{issue.title}\n\n{issue.body}" for issue in issues] or [f"{p.title}\n\n{p.body}" for p in pulls]
        return texts[:STYLE_TEXTS]

    def _base_model(self) -> str:
        if self.config.train.base != SMALL:
            return self.config.train.base
        return str(small_model(configuration.cache_dir()))

    def _train(self, base: str) -> None:
        samples = _count(self.samples)
        if samples == 0:
            raise RunError(
                f"{self.samples}: no sample was kept, so nothing can be trained; see left_out.jsonl beside it"
            )
        with _step("train", f"a LoRA adapter on {samples} samples"):
            card = train(self.samples, base, self.adapter, config=self.config.train, seed=self.seed)
            log.info("    loss %s, adapter in %s", card.loss, self.adapter)

    def _evaluate(self, base: str, tasks: int) -> None:
        settings = self.config.evaluate
        with (
            _step("evaluate", f"own, base and frontier on the newest {tasks} pull requests"),
            contextlib.ExitStack() as stack,
        ):
            models: dict[Role, Model] = {"frontier": self._frontier()}
            if settings.own.url:
                models["own"] = Model(settings.own.url, settings.own.model or "own")
            else:
                log.info("    starting the model server (its log: %s)", self.out / "serve.log")
                served = stack.enter_context(
                    serving(base, self.adapter, log=self.out / "serve.log", max_model_len=settings.context_tokens)
                )
                assert served.own_model is not None
                models |= {"own": Model(served.url, served.own_model), "base": Model(served.url, served.base_model)}
            request = Request(
                db=self.db,
                models=models,
                out=self.out / "evaluate",
                attempts={},
                adapter=self.adapter,
                seed=self.seed,
            )
            log.info("    %s", sentence(carry_out(request, self.config), self.out / "evaluate"))

    def _frontier(self) -> Model:
        frontier = self.config.evaluate.frontier
        if not frontier.url:
            raise InputError(
                "evaluate.frontier.url is not set; give the frontier model's endpoint in the config, or 'scripted'"
            )
        return Model(frontier.url, frontier.model or SCRIPTED)

    def _decide(self) -> dict[str, Any]:
        with _step("decide", "own against frontier"):
            verdict = judge(self._rows(), self.config.decide)
            (self.out / "verdict.json").write_text(json.dumps(verdict, indent=2) + "\n")
            log.info("    state: %s", verdict["state"])
            return verdict

    def _rows(self) -> list[Evaluation]:
        return [from_json(Evaluation, row) for row in read(self.evaluations)]

    def _report(self, verdict: dict[str, Any]) -> Path:
        with _step("report", "page, record and comments"):
            rollouts = [from_json(Rollout, row) for row in read(self.out / "evaluate" / "rollouts.jsonl")]
            write_report(self.out / "report", self._rows(), verdict, title=self.repo.name, rollouts=rollouts)
            return self.out / "report" / "report.html"


@contextlib.contextmanager
def _endpoint_url(url: str | None, key: str) -> Iterator[str]:
    if not url:
        raise InputError(
            f"{key} is not set; give the endpoint in the config, or 'scripted' to try the set-up without one"
        )
    if url != SCRIPTED:
        yield url
        return
    with scripted.serve() as loopback:
        yield loopback


@contextlib.contextmanager
def _step(name: str, what: str) -> Iterator[None]:
    log.info("[%d/%d] %s: %s", STEPS.index(name) + 1, len(STEPS), name, what)
    started = time.monotonic()
    yield
    log.info("    done in %.0f s", time.monotonic() - started)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be used as a folder ({error.strerror}); choose another --out") from None


def _count(path: Path) -> int:
    return sum(1 for _ in read(path))


def _counts_of(codes: Sequence[str]) -> str:
    return _counts({code: codes.count(code) for code in sorted(set(codes))})


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items())) or "none"
