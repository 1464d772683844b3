"""``chat``: our own JSON lines, for training anywhere: OpenAI messages and tools, and where each sample comes from."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec

from pipeline.export.messages import uniform
from pipeline.types import LeftOut, Sample

NAME = "train.jsonl"
METADATA = tuple(field.name for field in dataclasses.fields(Sample) if field.name not in ("messages", "tools"))


def row(sample: Sample, with_reasoning: bool) -> dict[str, Any]:
    """``messages`` and ``tools`` as the endpoint saw and said them, then all else that a sample tells."""
    return {
        "messages": [uniform(message, with_reasoning) for message in sample.messages],
        "tools": list(sample.tools),
        **{name: getattr(sample, name) for name in METADATA},
    }


class Chat:
    """Writes ``train.jsonl``."""

    def __init__(self, folder: Path, with_reasoning: bool) -> None:
        self._file = (folder / NAME).open("wb")
        self._with_reasoning = with_reasoning

    def add(self, sample: Sample) -> LeftOut | None:
        self._file.write(msgspec.json.encode(row(sample, self._with_reasoning)) + b"\n")
        return None

    def close(self) -> None:
        self._file.close()
