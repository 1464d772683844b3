"""What a call attempts: the usable functions at the base commit, drawn by their weights, and this shard's share."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.errors import InputError
from pipeline.generate import weights
from pipeline.generate.base import Base
from pipeline.generate.functions import Scan, functions_in
from pipeline.generate.functions.filters import candidates
from pipeline.generate.functions.other_kinds import advice
from pipeline.generate.plan import Target, plan, shard
from pipeline.generate.texts import ChangeType, own_change_types
from pipeline.rollout.workspace import Workspaces
from pipeline.settings import GenerateConfig, WeightsConfig
from pipeline.types import Function, LeftOut

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draw:
    """How much is drawn, from what, and which part of it is this call's."""

    samples: int
    seed: int
    shard: tuple[int, int] = (1, 1)
    """(I, N): share I, 1-based, of N."""
    weights: WeightsConfig = field(default_factory=WeightsConfig)
    kinds: tuple[str, ...] = ("function",)
    extra: tuple[ChangeType, ...] = ()
    """The team's own change types."""


def draw_of(config: GenerateConfig, samples: int, seed: int, shard: tuple[int, int]) -> Draw:
    """What ``config`` says of drawing. Raises InputError for change types that cannot be used."""
    return Draw(samples, seed, shard, config.weights, config.kinds, own_change_types(config.change_types))


def targets(base: Base, workspaces: Workspaces, draw: Draw) -> tuple[list[Target], Scan]:
    """This shard's targets in the order of the plan, and the functions that could be drawn or not.

    Raises InputError when none can be drawn.
    """
    with workspaces.open(base.sha) as workspace:
        found = functions_in(workspace.checkout, kinds=draw.kinds)
        texts = {f.path: (workspace.checkout / f.path).read_bytes() for f in found.functions}
        usable, dropped = candidates(found.functions, texts)
        else_there = "" if usable else advice(workspace.checkout, draw.kinds)
    weight = _weights(base, {f.path for f in usable}, draw.weights)
    drawn, never = _split(usable, weight)
    scan = Scan(drawn, (*found.left_out, *dropped, *never))
    if not drawn:
        what, then = " or ".join(draw.kinds), else_there or "see 'switchover functions'"
        raise InputError(f"{base.repo}: no {what} to attempt at {base.sha[:12]} ({_why(scan.left_out)}); {then}")
    planned = plan(
        drawn,
        texts,
        where=f"{base.name}@{base.sha}",
        seed=draw.seed,
        samples=draw.samples,
        weights=weight,
        extra=draw.extra,
    )
    if len(planned) < draw.samples:
        log.warning("%d functions give %d attempts, %d were asked for", len(drawn), len(planned), draw.samples)
    return shard(planned, *draw.shard), scan


def _weights(base: Base, paths: set[str], config: WeightsConfig) -> dict[str, float]:
    """Reads the history only where a weight asks for it."""
    known = weights.changes(base.repo, base.sha) if config.recent or config.often else {}
    return weights.weights(paths, known, config)


def _split(functions: Sequence[Function], weight: dict[str, float]) -> tuple[tuple[Function, ...], tuple[LeftOut, ...]]:
    drawn = tuple(f for f in functions if weight[f.path] > 0)
    never = (
        LeftOut("generate", "function", f"{f.path}::{f.name}", "weight_zero", "generate.weights.paths gives it 0")
        for f in functions
        if not weight[f.path] > 0
    )
    return drawn, tuple(never)


def _why(left_out: Sequence[LeftOut]) -> str:
    reasons = Counter(row.reason for row in left_out)
    return ", ".join(f"{reason} {count}" for reason, count in reasons.items()) or "no file in a known language"
