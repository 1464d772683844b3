"""A training in several processes on this machine: torchrun as a child of ours, ended with us.

A process that we started dies when its parent does, ``kill -9`` included: the kernel sees to it
(``pipeline.train.torchrun``). SIGTERM is passed on, so that the processes write a checkpoint and end.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import Ranks, child_environment
from pipeline.errors import InputError, Interrupted, RunError, SwitchoverError
from pipeline.settings import Price, TrainConfig

KINDS: dict[str, type[SwitchoverError]] = {kind.__name__: kind for kind in (InputError, Interrupted, RunError)}
"""Errors of a process that its starter raises again."""


@dataclass(frozen=True)
class Job:
    """What is to be trained; every process of one training has the same."""

    samples: Path
    base: str
    """As it was given."""
    model: str
    """Folder or hub's name that ``base`` stands for."""
    out: Path
    config: TrainConfig
    seed: int
    price: Price | None


def several(config: TrainConfig, ranks: Ranks) -> bool:
    """Whether we are to start the processes. Raises InputError when torchrun or the machine do not fit ``gpus``."""
    if ranks.world > 1:
        if ranks.world != config.gpus:
            raise InputError(
                f"train.gpus: {config.gpus}, but torchrun started {ranks.world} processes; make them equal, "
                "since their number decides how many samples a step has"
            )
        return False
    if config.gpus > 1:
        import torch

        here = torch.cuda.device_count()
        if here and here < config.gpus:
            raise InputError(
                f"train.gpus: {config.gpus}, but there are {here} here; give fewer, or start the command on each "
                "machine with torchrun (docs/training.md)"
            )
    return config.gpus > 1


def launch(job: Job) -> None:
    """Do ``job`` in ``job.config.gpus`` processes. Raises what they raise, RunError when one of them crashes."""
    with tempfile.TemporaryDirectory(prefix="switchover-train-") as folder:
        order, error = Path(folder, "job.json"), Path(folder, "error.json")
        order.write_text(to_text(job), encoding="utf-8")
        command = [sys.executable, "-m", "pipeline.train.torchrun"]
        process = subprocess.Popen(
            [*command, str(os.getpid()), str(job.config.gpus), str(order), str(error)],
            stdin=subprocess.DEVNULL,
            stdout=2,  # libraries print; our own stdout is for the result
            env=child_environment(),
        )
        try:
            with _passing_on(process):
                status = process.wait()
        finally:
            process.kill()
            process.wait()
        if status:
            raise _error(error, job.config.gpus, status)


@contextmanager
def _passing_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _error(path: Path, processes: int, status: int) -> SwitchoverError:
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        return KINDS[row["kind"]](row["message"])
    except (OSError, ValueError, KeyError):
        return RunError(
            f"train: one of {processes} processes ended (torchrun's status {status}); what it said is above; "
            "the same command goes on from the newest checkpoint"
        )


def tell(path: Path, error: SwitchoverError) -> None:
    """Leave ``error`` for the one who started this process; the first to tell is heard."""
    kind = next((name for name, kind in KINDS.items() if type(error) is kind), "RunError")
    try:
        with path.open("x", encoding="utf-8") as handle:
            json.dump({"kind": kind, "message": str(error)}, handle)
    except FileExistsError:
        pass


def to_text(job: Job) -> str:
    """``job`` as JSON."""
    return json.dumps(dataclasses.asdict(job), default=str)


def from_text(text: str) -> Job:
    """The job of ``to_text``."""
    row: dict[str, Any] = json.loads(text)
    for key in ("samples", "out"):
        row[key] = Path(row[key])
    row["config"] = TrainConfig(**row["config"])
    row["price"] = Price(**row["price"]) if row["price"] else None
    return Job(**row)
