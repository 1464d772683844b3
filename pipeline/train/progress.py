"""``progress.json``: how far a training is, for ``switchover status``, a job's summary, or anybody's eyes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pipeline.train.card import write_json
from pipeline.types import from_json

NAME = "progress.json"

State = Literal["training", "interrupted", "finished"]


@dataclass(frozen=True)
class Progress:
    """One training's progress. Times are ISO 8601 in UTC with ``Z``."""

    at: str
    """When this was written: after each optimizer step."""
    state: State
    """A run that was killed still says ``training``; ``at`` then tells."""
    step: int
    """Optimizer steps done."""
    of: int
    """Optimizer steps in all."""
    loss: float | None
    """Mean loss per labelled token of the last step, in nats; None before the first."""
    tokens: int
    """Tokens read so far, prompts included."""
    tokens_per_second: float | None
    """By the clock, of all processes together, since this process began; None before its first step."""
    seconds: float
    """Wall clock of training so far, all resumed parts together."""
    ends_at: str | None
    """When it will be done at the present rate; None before its first step."""


def read_progress(out: Path) -> Progress | None:
    """The progress of the training in folder ``out``; None where there is none that can be read."""
    try:
        return from_json(Progress, json.loads((out / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write_progress(out: Path, progress: Progress) -> None:
    """Write it whole or not at all. Raises RunError when the disk refuses."""
    write_json(out / NAME, dataclasses.asdict(progress))


def close_progress(out: Path, state: State) -> None:
    """Say that the training in ``out`` has ended, and how."""
    last = read_progress(out)
    if last:
        write_progress(out, dataclasses.replace(last, at=now(), state=state))


def now(later: float = 0.0) -> str:
    """The time ``later`` seconds from now, to the second."""
    return (datetime.now(UTC) + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")
