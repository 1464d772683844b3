"""One training job, from the samples file to the finished adapter folder.

out/run.json            what is being trained, on what; another job may not go on here
out/checkpoints/        while it runs; removed at the end
out/progress.json       how far it is
out/losses.json         mean loss per labelled token, in nats, of each optimizer step
out/adapter_*           the PEFT adapter, with chat_template.jinja and probe.json
out/switchover.json     the card, written last
"""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import platform
import shutil
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipeline import __version__, jsonl
from pipeline import config as configuration
from pipeline.errors import InputError, Interrupted, RunError
from pipeline.folders import held
from pipeline.settings import Price, TrainConfig
from pipeline.train import base as bases
from pipeline.train import card as cards
from pipeline.train import check, checkpoints, planning
from pipeline.train.card import AdapterCard
from pipeline.train.launch import Job, launch, several
from pipeline.train.progress import close_progress
from pipeline.train.render import Template
from pipeline.train.samples import Conversation, newest, read_conversations
from pipeline.train.server_prompts import stored_difference
from pipeline.train.tokens import Tokens, encode
from pipeline.types import LeftOut, to_json

log = logging.getLogger(__name__)

RUN = "run.json"
CHECKPOINTS = "checkpoints"
LOSSES = "losses.json"
LIBRARIES = ("torch", "transformers", "peft", "accelerate", "tokenizers", "safetensors")


@dataclass(frozen=True)
class Prepared:
    """The samples as training reads them."""

    conversations: dict[str, Conversation]
    """Those that are trained on, by id."""
    sequences: list[Tokens]
    left_out: list[LeftOut]


def run_job(samples: Path, base: str, out: Path, *, config: TrainConfig, seed: int, price: Price | None) -> AdapterCard:
    """See ``pipeline.train.train``. Under torchrun every process calls it, and the first one writes."""
    ranks = configuration.ranks()
    conversations = read_conversations(samples)
    identity = _identity(samples, base, config, seed)
    with held(out, "train") if ranks.first else nullcontext():
        finished = _claim(out, identity)
        if finished:
            log.info("%s: finished already (%d steps, loss %s); nothing to do", out, finished.steps, finished.loss)
            return finished
        if ranks.first:
            planning.announce(base, config, conversations, price)
        starts_processes = several(config, ranks)
        job = Job(samples, base, bases.resolve(base), out, config, seed, price)
        template = bases.load_template(job.model)
        prepared = prepare(template, conversations, config)
        if ranks.first:
            _report(prepared, out)
            cards.write_json(out / RUN, identity)  # not before: a mistyped base must not claim the folder
        with _disk(out):
            if starts_processes:
                launch(job)
            else:
                _train(job, template, prepared, identity)
        return cards.read_card(out)


def do(job: Job) -> None:
    """Be one of the processes that ``launch`` has started for ``job``."""
    identity = _identity(job.samples, job.base, job.config, job.seed)
    template = bases.load_template(job.model)
    with _disk(job.out):
        _train(job, template, prepare(template, read_conversations(job.samples), job.config), identity)


def prepare(template: Template, conversations: list[Conversation], config: TrainConfig) -> Prepared:
    """Encode and self-check every sample. Raises InputError when a rule is broken or none can be used."""
    kept: dict[str, Conversation] = {}
    sequences: list[Tokens] = []
    left_out: list[LeftOut] = []
    for conversation in tqdm(conversations, desc="tokens", unit="sample", disable=None):
        encoded = _encode(template, conversation, config, kept)
        if isinstance(encoded, LeftOut):
            left_out.append(encoded)
            continue
        check.check(template, conversation, encoded)
        kept[conversation.id] = conversation
        sequences.extend(encoded)
    if not sequences:
        reasons = ", ".join(f"{reason} {count}" for reason, count in Counter(x.reason for x in left_out).items())
        raise InputError(
            f"train: none of {len(conversations)} samples can be used ({reasons}); "
            f"--context-tokens is {config.context_tokens}"
        )
    if found := stored_difference(template, list(kept.values())):
        log.warning("%s. Right for a teacher with a template of its own, wrong for the base model's own server", found)
    return Prepared(kept, sequences, left_out)


def _encode(
    template: Template, conversation: Conversation, config: TrainConfig, kept: Collection[str]
) -> list[Tokens] | LeftOut:
    if conversation.id in kept:
        return LeftOut("train", "sample", conversation.id, "duplicate_id", "an earlier line has the same id")
    return encode(template, conversation, config.context_tokens, config.too_long)


def _identity(samples: Path, base: str, config: TrainConfig, seed: int) -> dict[str, Any]:
    settings = dataclasses.asdict(config) | {"base": base}
    del settings["retrain_after_pulls"], settings["retrain_every_days"]  # they say when to train, not how
    return {"samples_sha256": cards.file_sha256(samples), "base": base, "config": settings, "seed": seed}


def _claim(out: Path, identity: dict[str, Any]) -> AdapterCard | None:
    """The card where ``identity`` is trained already, else None. Raises InputError when ``out`` holds another."""
    path = out / RUN
    if path.is_file():
        before = _read_run(path)
        differing = [key for key in identity if before.get(key) != json.loads(json.dumps(identity[key]))]
        if differing:
            raise InputError(
                f"{out}: holds a training with other {' and '.join(differing)}; give another --out, or delete it"
            )
    return cards.read_card(out) if (out / cards.NAME).is_file() else None


def _read_run(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); give another --out, or delete the folder") from None


def _report(prepared: Prepared, out: Path) -> None:
    path = out / "left_out.jsonl"
    path.unlink(missing_ok=True)
    if prepared.left_out:
        with jsonl.Writer(path) as writer:
            for row in prepared.left_out:
                writer.write(to_json(row))
    total, labelled = (
        sum(f(s) for s in prepared.sequences) for f in (lambda s: len(s.input_ids), lambda s: s.labelled)
    )
    log.info(
        "training on %d samples: %d sequences, %d tokens, %d of them with loss; %d left out%s",
        len(prepared.conversations), len(prepared.sequences), total, labelled, len(prepared.left_out),
        f" (why: {path})" if prepared.left_out else "",
    )  # fmt: skip


def _train(job: Job, template: Template, prepared: Prepared, identity: dict[str, Any]) -> None:
    """Train, save, and write the card: in each of the processes where there are several."""
    from pipeline.train import methods, together

    ranks = configuration.ranks()
    methods.check_machine(job.config)
    with together.joined(ranks):
        if ranks.first:
            (job.out / CHECKPOINTS).mkdir(exist_ok=True)
        together.wait()
        try:
            _finetune(job, template, prepared, identity, ranks)
        except Interrupted:
            if ranks.first:
                close_progress(job.out, "interrupted")
            raise
        together.wait()  # who ends before the first has written the card would have torchrun end that one too


def _finetune(
    job: Job, template: Template, prepared: Prepared, identity: dict[str, Any], ranks: configuration.Ranks
) -> None:
    from pipeline.train import together, weights
    from pipeline.train.finetune import finetune
    from pipeline.train.probe import make_probe

    out, whole = job.out, job.config.method == "full"
    start = together.from_first(checkpoints.newest(out / CHECKPOINTS) if ranks.first else None)
    if start:
        log.info("going on from step %d", start.step)
    trained = finetune(job.model, prepared.sequences, out, job.config, job.seed, start=start, ranks=ranks)
    weights.save(trained.model, job.model, template, out, whole=whole, first=ranks.first)
    # Where the layers are shared, all processes must compute together.
    probe = None if whole else make_probe(trained.model, prepared.conversations, prepared.sequences)
    if not ranks.first:
        return
    check.carries_its_template(template, out)
    cards.write_json(out / LOSSES, trained.losses)
    if probe:
        cards.write_json(out / cards.PROBE, probe)
    cards.write_card(out, _card(job, prepared, identity, trained, weights.sha256(out, whole=whole)))
    close_progress(out, "finished")
    shutil.rmtree(out / CHECKPOINTS)


def _card(job: Job, prepared: Prepared, identity: dict[str, Any], trained: Any, sha256: str) -> AdapterCard:
    import torch

    conversations = list(prepared.conversations.values())
    until, commit = newest(conversations)
    gpus = configuration.ranks().world if torch.cuda.is_available() else 0
    hours = trained.seconds / 3600
    tail = trained.losses[-max(1, len(trained.losses) // 4) :]
    hourly = job.price.gpu_usd_per_hour if job.price else None
    return AdapterCard(
        trained_until=until,
        trained_until_commit=commit,
        made_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        base=identity["base"],
        samples_sha256=identity["samples_sha256"],
        sha256=sha256,
        chat_template_sha256=cards.file_sha256(job.out / cards.TEMPLATE),
        tools=tuple(sorted({tool["function"]["name"] for c in conversations for tool in c.tools})),
        config=identity["config"],
        versions=_versions(),
        seed=identity["seed"],
        device=torch.cuda.get_device_name() if gpus else "cpu",
        samples=len(conversations),
        left_out=dict(Counter(row.reason for row in prepared.left_out)),
        sequences=len(prepared.sequences),
        steps=trained.steps,
        tokens=trained.tokens,
        labelled_tokens=sum(tokens.labelled for tokens in prepared.sequences),
        loss=sum(tail) / len(tail) if tail else None,
        first_loss=trained.losses[0] if trained.losses else None,
        seconds=round(trained.seconds, 3),
        gpu_hours=round(gpus * hours, 6),
        cost_usd=None if hourly is None else round(hourly * hours * max(1, gpus), 6),
        repos=tuple(sorted({c.repo for c in conversations if c.repo})),
    )


def _versions() -> dict[str, str]:
    found = {name: metadata.version(name) for name in LIBRARIES}
    return {"switchover": __version__, "python": platform.python_version(), **found}


@contextmanager
def _disk(out: Path) -> Iterator[None]:
    """Name a full disk as what it is, whichever library met it."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        if not full and shutil.disk_usage(out if out.is_dir() else Path()).free > 1 << 20:
            raise
        raise RunError(f"{out}: no space left on the disk; free some, then run the same command again") from None
