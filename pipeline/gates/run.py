"""Running the gates of one adapter: those that need no server, then those through one; ``gates.json`` at the end."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluate.line_up import Model, harness, project_of
from pipeline.gates import effect, live
from pipeline.gates.calls import Calls, ValidCalls
from pipeline.gates.gate import Gate
from pipeline.gates.loss import HeldOutLoss, SampleLoss
from pipeline.gates.record import GateResult, Record, merged, read_record, write_record
from pipeline.gates.skill import Answer, GeneralSkill, questions
from pipeline.settings import Config
from pipeline.train.card import AdapterCard, file_sha256, read_card
from pipeline.types import Role

log = logging.getLogger(__name__)

MOST_SAMPLES = 64
"""Held-out samples whose loss is taken: more make the mean hardly surer, and cost a pass each."""


@dataclass(frozen=True)
class Candidate:
    """An adapter that is to pass the gates."""

    adapter: Path
    card: AdapterCard
    held_out: Path
    """Samples that it was not trained on."""
    last: Path | None = None
    """Folder of the adapter that is promoted now; None: there is none."""

    @classmethod
    def of(cls, adapter: Path, held_out: Path, last: Path | None = None) -> Candidate:
        """Raises InputError for a folder without a card, and for samples that it was trained on."""
        card = read_card(adapter)
        if not held_out.is_file():
            raise InputError(f"{held_out}: no such file; make it with 'switchover adapters split'")
        if file_sha256(held_out) == card.samples_sha256:
            raise InputError(
                f"{held_out}: {adapter} was trained on this very file; hold some out with 'switchover adapters split'"
            )
        same = last is not None and read_card(last).sha256 == card.sha256
        return cls(adapter, card, held_out, None if same else last)


def offline(candidate: Candidate, context_tokens: int) -> Sequence[Gate]:
    """``held_out_loss`` and ``general_skill``, measured by the model in this process."""
    from pipeline.train.measure import Endings, measure
    from pipeline.train.samples import read_conversations

    has_samples = candidate.held_out.stat().st_size > 0
    conversations = read_conversations(candidate.held_out)[:MOST_SAMPLES] if has_samples else []
    adapters = {"own": candidate.adapter}
    if candidate.last and read_card(candidate.last).base == candidate.card.base:
        adapters["last"] = candidate.last
    texts = [Endings(question.text, (question.right, *question.wrong)) for question in questions()]
    found = measure(candidate.card.base, adapters, conversations, texts, context_tokens)
    losses = [
        SampleLoss(tokens, {model: found.losses[model][i] for model in found.losses})
        for i, tokens in enumerate(found.tokens)
    ]
    answers = [Answer(*both) for both in zip(found.endings["base"], found.endings["own"], strict=True)]
    return HeldOutLoss(losses), GeneralSkill(answers)


def through_server(
    candidate: Candidate, models: Mapping[Role, Model], clone: Path | None, out: Path, config: Config, seed: int = 0
) -> Sequence[Gate]:
    """``takes_effect``, and with the ``clone`` of the samples' repository ``valid_calls``.

    ``models``: own and base at one server. ``out`` keeps the rollouts. Raises RunError when the server is not there.
    """
    own, base = models["own"], models["base"]
    effective = effect.ask(own.url, base.name, own.name, candidate.adapter)
    if effective.failure or clone is None:
        return (effective,)
    tasks = live.tasks_of(candidate.held_out, config.adapters.gate_tasks)
    project = project_of(clone, next(iter(candidate.card.repos), clone.name))
    harnesses = {role: harness(role, model, config, project) for role, model in models.items()}
    rollouts = live.LiveRollouts(clone, out, harnesses, candidate.card.sha256, seed)
    made = rollouts.run(tasks, config.evaluate.concurrency)
    counted = {role: Calls.of(found) for role, found in made.items()}
    calls = ValidCalls(
        counted["own"], counted.get("base"), _last_calls(candidate), config.adapters.valid_calls_from, len(tasks)
    )
    return (effective, calls)


def _last_calls(candidate: Candidate) -> Calls | None:
    record = read_record(candidate.last) if candidate.last else None
    for gate in record.gates if record else ():
        if gate.name == "valid_calls":
            return Calls(int(gate.measured.get("own_valid") or 0), int(gate.measured.get("own_turns") or 0))
    return None


def keep(candidate: Candidate, gates: Sequence[Gate]) -> Record:
    """Judge ``gates``, say what they found, and write ``gates.json``; earlier results of the same weights stay."""
    results = [gate.judge() for gate in gates]
    for result in results:
        log.info("    gate %s: %s", result.name, _words(result))
    before = read_record(candidate.adapter)
    kept = before.gates if before and before.adapter == candidate.card.sha256 else ()
    record = Record(
        adapter=candidate.card.sha256,
        at=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        held_out_sha256=file_sha256(candidate.held_out),
        last=read_card(candidate.last).sha256 if candidate.last else None,
        gates=merged(kept, results),
    )
    write_record(candidate.adapter, record)
    return record


def _words(result: GateResult) -> str:
    return f"{'passed' if result.passed else 'FAILED'}: {result.why} (bar: {result.bar})"
