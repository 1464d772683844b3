"""The plan of a training as people and programs read it: from the base's config.json, the samples and the device."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.settings import Price, TrainConfig
from pipeline.train import devices
from pipeline.train.plan import (
    Device,
    Duration,
    Memory,
    Work,
    checkpointing,
    duration,
    is_plainly_too_small,
    memory,
    trained_parameters,
    work_of,
)
from pipeline.train.samples import Conversation
from pipeline.train.shape import Shape, shape_of

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 3.5
"""Of code and English in chat form; the plan is made before any tokenizer is loaded."""


@dataclass(frozen=True)
class TrainPlan:
    """What a training will take. Nothing was loaded and nothing was measured to make it."""

    base: str
    config: TrainConfig
    shape: Shape
    memory: Memory
    device: Device
    is_at_hand: bool
    """Whether ``device`` is this machine's; an assumed one otherwise."""
    work: Work
    duration: Duration | None
    """None without samples."""
    cost_usd: float | None

    def as_json(self) -> dict[str, Any]:
        """One object; sizes in bytes, times in seconds."""
        return {
            "recipe": self.config.recipe,
            "base": self.base,
            "method": self.config.method,
            "gpus": self.config.gpus,
            "context_tokens": self.config.context_tokens,
            "too_long": self.config.too_long,
            "checkpointing": checkpointing(self.config),
            "parameters": self.shape.parameters,
            "trained_parameters": trained_parameters(self.shape, self.config),
            "memory": {**asdict(self.memory), "total": self.memory.total},
            "device": {**asdict(self.device), "at_hand": self.is_at_hand},
            "fits": self.memory.total <= self.device.bytes,
            "samples": self.work.samples,
            "tokens_per_epoch": self.work.tokens,
            **(asdict(self.duration) if self.duration else dict.fromkeys(("steps", "tokens", "flop", "seconds"))),
            "cost_usd": self.cost_usd,
        }


def announce(base: str, config: TrainConfig, conversations: Sequence[Conversation], price: Price | None) -> None:
    """Log the plan for this machine. Raises InputError where it is plainly too small for it."""
    device = devices.at_hand() or devices.cpu(config.gpus)
    try:
        plan = make_plan(base, config, conversations, device, price)
    except InputError as error:
        log.info("no plan: %s", error)
        return
    for line in lines(plan):
        log.info("%s", line)
    refuse_what_cannot_fit(plan)


def make_plan(
    base: str, config: TrainConfig, conversations: Sequence[Conversation], here: Device | None, price: Price | None
) -> TrainPlan:
    """The plan for the device ``here``; where that is None for the smallest assumed GPU that holds it.

    Raises InputError for a base whose config.json is not at hand or tells of no dense decoder.
    """
    shape = shape_for(base)
    needed, work = memory(shape, config), work_of([_tokens(c) for c in conversations], config)
    device = here or _assumed(shape, needed, config)
    lasts = duration(shape, config, work, device) if conversations else None
    hourly = price.gpu_usd_per_hour if price else None
    cost = None if hourly is None or lasts is None else round(hourly * lasts.seconds / 3600 * config.gpus, 2)
    return TrainPlan(base, config, shape, needed, device, here is not None, work, lasts, cost)


def _assumed(shape: Shape, needed: Memory, config: TrainConfig) -> Device:
    if shape.parameters < 1e9:
        return devices.cpu(config.gpus)
    return devices.SMALL_GPU if needed.total <= devices.SMALL_GPU.bytes else devices.LARGE_GPU


def shape_for(base: str) -> Shape:
    """The shape of a model folder, of a model known here, or of one in the hub's cache. Raises InputError."""
    path = Path(base) / "config.json"
    known = json.loads(resources.files("pipeline.train").joinpath("known_models.json").read_text(encoding="utf-8"))
    if base in known and not path.is_file():
        return shape_of(known[base], base)
    if not path.is_file():
        path = _in_cache(base, known)
    try:
        return shape_of(json.loads(path.read_text(encoding="utf-8")), str(path))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); fetch the base model again") from None


def _in_cache(base: str, known: dict[str, Any]) -> Path:
    try:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(base, "config.json")
    except (ImportError, ValueError):  # not installed; no hub's name
        found = None
    if not isinstance(found, str):
        names = ", ".join(known)
        raise InputError(f"{base}: its config.json is not at hand; fetch the model first, or plan for {names}")
    return Path(found)


def refuse_what_cannot_fit(plan: TrainPlan) -> None:
    """Raises InputError where the device at hand is plainly too small; an assumed one refuses nothing."""
    config, device = plan.config, plan.device
    if plan.is_at_hand and is_plainly_too_small(plan.memory, device):
        raise InputError(
            f"train: about {_gb(plan.memory.total)} are needed on each of {config.gpus} x {device.name}, which has "
            f"{_gb(device.bytes)}; take a larger one, another --recipe or --method, or lower --context-tokens "
            f"({config.context_tokens}); 'switchover train --plan' shows what takes how much"
        )


def lines(plan: TrainPlan) -> Iterator[str]:
    """The plan for people, a line each."""
    config, needs = plan.config, plan.memory
    what = {"lora": f"LoRA of rank {config.rank}", "qlora": f"QLoRA of rank {config.rank}", "full": "all weights"}
    yield (
        f"plan: {what[config.method]} on {plan.base} ({plan.shape.parameters / 1e9:.3g}B, of which "
        f"{trained_parameters(plan.shape, config) / 1e6:,.0f}M train), {config.context_tokens:,} tokens, "
        f"{config.gpus} x {plan.device.name}"
    )
    parts = {k: v for k, v in asdict(needs).items() if k not in ("host", "layer", "head") and v}
    parts["layer or head"] = max(needs.layer, needs.head)
    shown = ", ".join(f"{name} {_gb(size)}" for name, size in parts.items())
    yield f"plan: about {_gb(needs.total)} of {_gb(plan.device.bytes)} a GPU ({shown})" + (
        f"; {_gb(needs.host)} of the host's memory" if needs.host else ""
    )
    if plan.duration is None:
        return
    cost = "" if plan.cost_usd is None else f", {plan.cost_usd:,.2f} USD"
    yield (
        f"plan: {plan.duration.steps:,} steps, about {plan.duration.tokens:,} tokens, "
        f"{_time(plan.duration.seconds)}{cost} (arithmetic, not measured)"
    )


def _tokens(conversation: Conversation) -> int:
    text = json.dumps([list(conversation.messages), list(conversation.tools)], ensure_ascii=False)
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def _gb(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


def _time(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} hours" if seconds >= 3600 else f"{max(1, math.ceil(seconds / 60))} minutes"
