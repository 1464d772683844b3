"""Folders of generate, made with the scripted model, and samples to change."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.generate import generate
from pipeline.jsonl import read
from pipeline.rollout import scripted
from pipeline.rollout.endpoint import Endpoint, Retry
from pipeline.settings import GenerateConfig, Price
from pipeline.types import Sample, from_json, to_json
from tests.scripted.player import repository

FILES = {
    "lib/table.py": (
        "def check(size, unit):\n    if size < 0:\n        raise ValueError('size must not be negative')\n"
        "    scaled = size * 12\n    return scaled, unit\n\n\n"
        "def render(table):\n    head = table.head\n    body = table.body\n    return head + body\n"
    ),
    "lib/rows.py": (
        'def insert(rows, table):\n    """Insert rows."""\n    out = []\n    for row in rows:\n'
        "        out.append((table, row))\n    return out\n"
    ),
    "lib/cart.go": (
        "package cart\n\nfunc Add(cart *Cart, item *Item) {\n"
        "\tcart.items = append(cart.items, item)\n\tcart.count++\n\tcart.sum += item.price\n}\n"
    ),
}

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Both shards of one run."""
    top = tmp_path_factory.mktemp("shards")
    return list(_make(top, [("one", (1, 2), "bash"), ("two", (2, 2), "bash")], samples=4))


@pytest.fixture(scope="session")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two tools."""
    return next(_make(tmp_path_factory.mktemp("edited"), [("one", (1, 1), "editor")], samples=2))


def _make(top: Path, runs: list[tuple[str, tuple[int, int], str]], samples: int) -> Iterator[Path]:
    repo = repository(top / "shop", {**FILES, "NAME": top.name})  # no two alike, nor their samples' ids
    with scripted.serve() as url:
        for name, shard, tools in runs:
            config = GenerateConfig(prompt="compact", keep_recall_from=0.0, tools=tools)
            generate(
                repo,
                top / name,
                samples=samples,
                endpoint=Endpoint(url, "scripted", retry=Retry(tries=1)),
                config=config,
                seed=0,
                concurrency=2,
                shard=shard,
                price=Price(1.0, 0.0, 2.0),
                prompt="compact",
            )
            yield top / name


@pytest.fixture(scope="session")
def real(shards: list[Path], edited: Path) -> list[Sample]:
    """Samples of real rollouts, one tool first."""
    return [from_json(Sample, row) for folder in (*shards, edited) for row in read(folder / "samples.jsonl")]


@pytest.fixture
def sample(real: list[Sample]) -> Sample:
    return real[0]


def said(sample: Sample, **changes: Any) -> Sample:
    """``sample`` with its first turn of the assistant changed; a key that is None is taken out."""
    messages = [dict(message) for message in sample.messages]
    turn = next(message for message in messages if message["role"] == "assistant")
    turn.update(changes)
    for key in [key for key, value in changes.items() if value is None and key != "content"]:
        del turn[key]
    return dataclasses.replace(sample, messages=tuple(messages))


def written(path: Path, *samples: Sample) -> Path:
    """A file of samples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(to_json(one)) + "\n" for one in samples))
    return path


def renamed(sample: Sample, id: str, **changes: Any) -> Sample:
    """Another sample: another id, another change."""
    patch = changes.pop("patch", f"diff --git a/{id} b/{id}\n")
    return dataclasses.replace(sample, id=id, patch=patch, reference_patch=patch, **changes)
