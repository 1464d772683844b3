"""What a source tree has beside the kinds of units that were asked for, for messages."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pipeline.generate.functions import functions_in
from pipeline.generate.functions.filters import candidates
from pipeline.generate.functions.kinds import KINDS, asked_for


def counts_by_kind(root: Path) -> dict[str, int]:
    """How many units of each kind there are under ``root`` that could be attempted, 0 for none."""
    units = functions_in(root, kinds=tuple(KINDS)).functions
    folder = root if root.is_dir() else root.parent
    usable, _ = candidates(units, {unit.path: (folder / unit.path).read_bytes() for unit in units})
    counts = dict.fromkeys(KINDS, 0)
    for unit in usable:
        counts[asked_for(unit.kind)] += 1
    return counts


def advice(root: Path, asked: Collection[str]) -> str:
    """What to write into the config to attempt what else is there; "" where there is nothing else."""
    others = {kind: count for kind, count in counts_by_kind(root).items() if count and kind not in asked}
    if not others:
        return ""
    there = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in others.items())
    return f"there are {there}: write kinds: [{', '.join(others)}] under generate: in the config to attempt them"
