"""Which samples are kept out of training, for the gates. Pure but for ``split``.

Whole functions (and with them both of their rollouts) are held out, or whole pull requests where a sample
names no function. What decides is a hash of the seed and the name, so that a function that was held out
once is held out again the next time: the last adapter has not seen it either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import jsonl, whole
from pipeline.errors import InputError, RunError

TRAINED, HELD_OUT = "train.jsonl", "held_out.jsonl"
"""What ``split`` writes."""


def group(row: Mapping[str, Any]) -> str:
    """What must not be divided: the function that a sample is about, else its task, else itself."""
    if row.get("path") and row.get("function"):
        return f"{row.get('repo', '')}:{row['path']}::{row['function']}"
    return str(row.get("task_id") or row.get("id"))


def held_out(groups: Sequence[str], share: float, seed: int) -> frozenset[str]:
    """The groups kept out: about ``share`` of them; of two or more at least one, and never all; none for share 0."""
    places = {name: _place(name, seed) for name in set(groups)}
    if share == 0 or len(places) < 2:
        return frozenset()
    in_order = sorted(places, key=lambda name: (places[name], name))
    count = sum(place < share for place in places.values())
    return frozenset(in_order[: min(max(count, 1), len(places) - 1)])


def _place(name: str, seed: int) -> float:
    """Where a group lies in [0, 1)."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split(samples: Path, out: Path, *, share: float, seed: int = 0) -> tuple[Path, Path]:
    """Write ``train.jsonl`` and ``held_out.jsonl`` into ``out``; each line goes into one of them, unchanged.

    ``share``: 0 (nothing is held out) to below 1. The same call gives the same files. Raises InputError for
    a samples file that is none, RunError when the disk refuses.
    """
    if not samples.is_file():
        raise InputError(f"{samples}: no such file; make one with 'switchover generate'")
    if not 0 <= share < 1:
        raise InputError(f"{share} of the samples cannot be held out; give a share from 0 to below 1")
    rows = [(group(jsonl.parse(samples, number, line)), line) for number, line in jsonl.lines(samples)]
    chosen = held_out([name for name, _ in rows], share, seed)
    paths = out / TRAINED, out / HELD_OUT
    for path, kept in zip(paths, (False, True), strict=True):
        _write(path, b"".join(line.rstrip(b"\n") + b"\n" for name, line in rows if (name in chosen) is kept))
    return paths


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.write(path, data)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}); free space, then run the same again") from None
