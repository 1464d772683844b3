"""Checkpoints that survive ``kill -9``: which of them are whole, and clearing away the rest.

A checkpoint is whole when its seal lists every file with the size that the file has. The seal is
written last, so a folder that a killed run left half-written has none.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipeline import whole
from pipeline.train.card import write_json

log = logging.getLogger(__name__)

SEAL = "whole.json"
_NAME = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    path: Path
    step: int
    """Optimizer steps done."""
    seconds: float
    """Wall clock of training so far, all parts together."""


def seal(folder: Path, seconds: float) -> None:
    """Declare the checkpoint in ``folder`` whole; its files are forced to disk first."""
    whole.on_disk(folder)
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    write_json(folder / SEAL, {"seconds": seconds, "files": sizes})


def newest(folder: Path) -> Checkpoint | None:
    """The whole checkpoint with the most steps in ``folder``, or None; removes those that are not whole."""
    found = []
    for path in folder.glob("checkpoint-*"):
        checkpoint = _read(path)
        if checkpoint is None:
            log.warning("%s: half-written by a killed run; removed", path)
            shutil.rmtree(path)
        else:
            found.append(checkpoint)
    return max(found, key=lambda checkpoint: checkpoint.step, default=None)


def _read(path: Path) -> Checkpoint | None:
    name = _NAME.fullmatch(path.name)
    try:
        row = json.loads((path / SEAL).read_text())
        whole = all((path / file).stat().st_size == size for file, size in row["files"].items())
        return Checkpoint(path, int(name[1]), float(row["seconds"])) if name and whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
