"""One rollout as far as its files tell, for the formats that hold one rollout a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.types import Message, Rollout, Sample

_OWN = {"id", "messages", "tools", "patch", "seed", "teacher", "tokens_in", "tokens_out", "cost_usd"}


@dataclass(frozen=True)
class Record:
    """From rollouts.jsonl where there is one, else from its sample alone; None is what neither tells."""

    id: str
    model: str
    messages: Sequence[Message]
    tools: Sequence[dict[str, Any]]
    patch: str
    exit: str
    seed: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int | None
    cost_usd: float | None
    seconds: float | None
    turns: Sequence[Mapping[str, int]]
    """Tokens of each turn of the model; empty where they were not kept."""
    about: Mapping[str, Any]
    """Where it comes from: repository, base commit, function, change type, recall, ..."""
    settings: Mapping[str, Any]
    """What it was run with (run.json); empty when unknown."""

    @property
    def file_name(self) -> str:
        """Its id, fit for a path."""
        return re.sub(r"[^\w.-]|^\.+", "_", self.id)


def of_rollout(
    rollout: Rollout, which: int, sample: Sample | None, settings: Mapping[str, Any], summary: Mapping[str, Any]
) -> Record:
    """The record of a line of rollouts.jsonl; ``sample`` is what was kept of it, None if it was not."""
    run = {key: summary[key] for key in ("repo", "base_sha", "base_time", "config_sha256") if key in summary}
    own = {"rollout": which, "attempt": rollout.attempt, "task_id": rollout.task_id, "kept": sample is not None}
    return Record(
        id=rollout.id,
        model=rollout.model,
        messages=rollout.messages,
        tools=rollout.tools,
        patch=rollout.patch,
        exit=rollout.exit,
        seed=rollout.seed,
        tokens_in=rollout.tokens_in,
        tokens_out=rollout.tokens_out,
        tokens_cached=rollout.tokens_cached,
        cost_usd=rollout.cost_usd,
        seconds=rollout.seconds,
        turns=rollout.turns,
        about={**run, **own, **(_about(sample) if sample else {})},
        settings=settings,
    )


def of_sample(sample: Sample, settings: Mapping[str, Any]) -> Record:
    """The record of a sample whose rollouts.jsonl is not at hand. Only what was submitted is a sample."""
    return Record(
        id=sample.id,
        model=sample.teacher,
        messages=sample.messages,
        tools=sample.tools,
        patch=sample.patch,
        exit="submitted",
        seed=sample.seed,
        tokens_in=sample.tokens_in,
        tokens_out=sample.tokens_out,
        tokens_cached=None,
        cost_usd=sample.cost_usd,
        seconds=None,
        turns=(),
        about={**_about(sample), "kept": True},
        settings=settings,
    )


def _about(sample: Sample) -> dict[str, Any]:
    return {key: value for key, value in vars(sample).items() if key not in _OWN}
