"""Trainings as processes: started, killed at a place or from outside, and compared."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pipeline.settings import TrainConfig
from pipeline.train.progress import Progress, read_progress

CONFIG = TrainConfig(rank=4, context_tokens=1024, learning_rate=1e-2, epochs=2.0, accumulate=2)
SEED = 3

SCRIPT = """
import json, logging, os, sys
from pathlib import Path
from pipeline.errors import SwitchoverError
from pipeline.settings import TrainConfig
from pipeline.train import train

from pkgutil import resolve_name as resolve

logging.basicConfig(level=logging.INFO, format="%(message)s")
samples, base, out, config, seed, place, step, number = sys.argv[1:]
if place:
    module, name = place.rsplit(".", 1)
    owner = resolve(module)
    stock = getattr(owner, name)

    def fall(*given, **named):
        done = next((g.step for g in given if hasattr(g, "step")), None)
        if done is None or done == int(step):
            os.kill(os.getpid(), int(number))
        return stock(*given, **named)

    setattr(owner, name, fall)
try:
    train(Path(samples), base, Path(out), config=TrainConfig(**json.loads(config)), seed=int(seed))
except SwitchoverError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""
"""Trains, and sends itself ``number`` in the function ``place``; where that is given a Progress, at its ``step``."""


def command(
    samples: Path, base: Path, out: Path, config: TrainConfig, *, place: str = "", step: int = 0, number: int = 0
) -> list[str]:
    """Arguments of a Python interpreter that trains."""
    script = out.parent / "train.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SCRIPT)
    settings = json.dumps(dataclasses.asdict(config))
    return [*map(str, (script, samples, base, out)), settings, str(SEED), place, str(step), str(int(number))]


def start(arguments: list[str], log: Path, *, torchrun: int = 0) -> subprocess.Popen[bytes]:
    """Run ``arguments`` in the interpreter, or in ``torchrun`` of them; its stderr goes to ``log``."""
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(torchrun)] if torchrun else []
    root = str(Path(__file__).parents[2])
    with log.open("ab") as handle:
        return subprocess.Popen(
            [sys.executable, *several, *arguments],
            stdout=handle,
            stderr=handle,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root},
        )


def wait_for(out: Path, step: int, process: subprocess.Popen[bytes]) -> Progress:
    """The progress in ``out`` once that many steps are done."""
    while True:
        progress = read_progress(out)
        if progress and progress.step >= step:
            return progress
        assert process.poll() is None, "the training ended first"
        time.sleep(0.005)


def tensors(adapter: Path) -> dict[str, Any]:
    """The weights in folder ``adapter``: an adapter's, or a model's."""
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for file in adapter.glob("*.safetensors"):
        found |= load_file(file)
    assert found
    return found


def losses(adapter: Path) -> list[float]:
    """Per step."""
    found: list[float] = json.loads((adapter / "losses.json").read_text())
    return found
