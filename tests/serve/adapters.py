"""The tiny model with adapters on it that have each learnt one conversation by heart, made once per test run."""

from __future__ import annotations

import atexit
import functools
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import urllib3

from pipeline.settings import TrainConfig
from pipeline.train import train
from tests.train.tiny import make_model, row, samples_file

CONFIG = TrainConfig(rank=32, context_tokens=1024, learning_rate=5e-3, epochs=60, accumulate=1)


def _folder(name: str) -> Path:
    made = Path(mkdtemp(prefix=f"tiny-{name}-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@functools.cache
def tiny() -> Path:
    """Folder of the tiny model."""
    return make_model(_folder("model"))


@functools.cache
def adapter(word: str) -> Path:
    """Folder of an adapter that answers "Mend WORD." with a call of ``grep -n WORD a.py``."""
    folder = _folder(f"adapter-{word}")
    train(samples_file(folder / "samples.jsonl", row(word)), str(tiny()), folder / "out", config=CONFIG)
    return folder / "out"


def post(url: str, body: dict[str, Any], path: str = "/chat/completions", timeout: float = 120) -> tuple[int, Any]:
    """Status and JSON that the endpoint ``url`` answers."""
    answer = urllib3.request("POST", url + path, json=body, timeout=timeout, retries=False)
    return answer.status, answer.json()
