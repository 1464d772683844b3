"""The shards of one ``generate`` put together: their files joined, and what is missing named.

A shard that failed or was cancelled leaves a folder with what it had finished, or none. Joining takes what is
there; the same command with the missing shards' folders later takes the rest, and nothing twice.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import jsonl
from pipeline.errors import InputError
from pipeline.generate.manifest import replace_lines

FILES = ("rollouts.jsonl", "samples.jsonl", "left_out.jsonl")
"""What is joined, line by line."""

SAME = ("repo", "base_sha", "teacher", "recipe", "seed", "config_sha256")
"""Fields of summary.json in which the shards of one run agree."""

SUMS = ("planned", "tried", "verified", "redone", "kept", "kept_first", "kept_second", "rollouts")


@dataclass(frozen=True)
class Shard:
    """What one folder holds."""

    folder: Path
    number: int
    """1-based."""
    of: int
    summary: dict[str, Any]

    @property
    def done(self) -> bool:
        return bool(self.summary["state"] == "done")


@dataclass(frozen=True)
class Merged:
    """What came of the shards together."""

    state: str
    """done, or incomplete while shards are missing or unfinished."""
    shards: int
    missing: tuple[int, ...]
    """Numbers of the shards of which no folder was given."""
    unfinished: dict[str, str]
    """Number of a shard to its state, where it is not done: the same call of that shard goes on."""
    planned: int
    tried: int
    verified: int
    redone: int
    kept: int
    kept_first: int
    kept_second: int
    rollouts: int
    left_out: dict[str, int]
    cost_usd: float | None
    """None where a shard's is unknown."""


def merge(folders: Sequence[Path], out: Path) -> Merged:
    """Join the shards in ``folders`` into ``out``, replacing what an earlier call has joined there.

    Raises InputError for a folder that is no shard, two folders of one shard, and shards of different runs.
    """
    shards = sorted((_shard(folder) for folder in folders), key=lambda shard: shard.number)
    _check(shards)
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        replace_lines(out / name, _lines(shards, name))
    merged = _merged(shards)
    replace_lines(out / "merged.json", [json.dumps(merged.__dict__, indent=1)])
    return merged


def _shard(folder: Path) -> Shard:
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_bytes())
        number, of = re.fullmatch(r"(\d+)/(\d+)", summary["shard"]).groups()  # type: ignore[union-attr]
        missing = [name for name in (*SAME, *SUMS, "state") if name not in summary]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not readable"
        raise InputError(f"{path}: {why}; give folders that 'switchover generate --shard I/N' has written") from None
    if missing:
        raise InputError(f"{path}: lacks {missing[0]!r}; run that shard's generate again, it goes on from there")
    return Shard(folder, int(number), int(of), summary)


def _check(shards: Sequence[Shard]) -> None:
    first = shards[0]
    for before, shard in itertools.pairwise(shards):
        if shard.number == before.number:
            raise InputError(f"{shard.folder}: shard {shard.number}/{shard.of} is in {before.folder} too; give one")
    for shard in shards[1:]:
        for name in SAME:
            if shard.summary[name] != first.summary[name]:
                raise InputError(
                    f"{shard.folder}: {name} is {shard.summary[name]!r}, in {first.folder} {first.summary[name]!r}; "
                    "only shards of one run can be joined"
                )
        if shard.of != first.of:
            raise InputError(f"{shard.folder}: one of {shard.of} shards, {first.folder} one of {first.of}")
        if abs(shard.summary["planned"] - first.summary["planned"]) > 1:
            raise InputError(
                f"{shard.folder}: was to attempt {shard.summary['planned']} functions, {first.folder} "
                f"{first.summary['planned']}; run the shard with fewer again with the others' --samples"
            )


def _lines(shards: Sequence[Shard], name: str) -> Iterator[str]:
    for shard in shards:
        path = shard.folder / name
        if path.exists():
            for row in jsonl.read(path):
                yield json.dumps(row, ensure_ascii=False)


def _merged(shards: Sequence[Shard]) -> Merged:
    numbers = {shard.number for shard in shards}
    missing = tuple(number for number in range(1, shards[0].of + 1) if number not in numbers)
    unfinished = {str(shard.number): str(shard.summary["state"]) for shard in shards if not shard.done}
    costs = [shard.summary.get("cost_usd") for shard in shards]
    left_out: Counter[str] = Counter()
    for shard in shards:
        left_out.update(shard.summary.get("left_out") or {})
    return Merged(
        state="incomplete" if missing or unfinished else "done",
        shards=shards[0].of,
        missing=missing,
        unfinished=unfinished,
        **{name: sum(int(shard.summary[name]) for shard in shards) for name in SUMS},
        left_out=dict(sorted(left_out.items())),
        cost_usd=None if None in costs else round(sum(cost for cost in costs if cost), 6),
    )


def sentence(merged: Merged, out: Path) -> str:
    """For a person."""
    text = f"{merged.kept} samples of {merged.planned} functions from {merged.shards} shards in {out}"
    if merged.missing:
        text += f"; missing: shard {', '.join(map(str, merged.missing))} of {merged.shards}"
    if merged.unfinished:
        text += f"; unfinished: {', '.join(f'shard {n} ({state})' for n, state in merged.unfinished.items())}"
    return text if merged.state == "done" else f"{text}; the same command of those shards goes on, then merge again"
