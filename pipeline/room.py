"""Has a runner room for the base model: on its disk, and in its GPU's memory for training? By arithmetic."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.settings import SMALL, TrainConfig

BYTES_PER_WEIGHT = 2
"""As bases are published: bfloat16."""


@dataclass(frozen=True)
class Room:
    """One thing that there must be enough of."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def room(config: TrainConfig, home: Path) -> Iterator[Room]:
    """Disk below ``home`` (where the base is fetched to) and memory of the GPU at hand, for ``config.base``.

    A base whose size cannot be told without fetching it is one entry that says so; a small one needs nothing.
    """
    if config.base == SMALL:
        return
    from pipeline.train import devices
    from pipeline.train.plan import is_plainly_too_small
    from pipeline.train.planning import make_plan

    try:
        plan = make_plan(config.base, config, [], devices.at_hand(), None)
    except InputError as error:
        yield Room("base model", True, f"its size is not known here ({error})")
        return
    yield _disk(config.base, plan.shape.parameters * BYTES_PER_WEIGHT, home)
    if not plan.is_at_hand:
        return
    needs, has = plan.memory.total, plan.device.bytes
    words = f"training {config.base} takes about {needs / 1e9:.0f} of {has / 1e9:.0f} GB on each {plan.device.name}"
    remedy = "choose another train.recipe; 'switchover train --plan' shows what takes how much"
    yield Room("gpu memory", not is_plainly_too_small(plan.memory, plan.device), words, remedy)


def _disk(base: str, size: int, home: Path) -> Room:
    if (Path(base) / "config.json").is_file():
        return Room("base model", True, f"{base} is on this machine")
    free = shutil.disk_usage(home).free
    words = f"{base} is about {size / 1e9:.0f} GB, {free / 1e9:.0f} GB are free at {home}"
    return Room("base model", free > size, words, "free some; a base that is fetched already needs no more")
