"""First pass: what has to be known of every sample to choose among them, without keeping their texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError
from pipeline.export.sources import Source, decode
from pipeline.types import Sample, from_json

_ATTEMPT = re.compile(r"\.[12]\.\d+(\.again\d+)?$")
"""The end of a rollout's id; what stands before it names the function's attempt that both rollouts belong to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample in a file of a source, by what it takes to choose it."""

    source: int
    """Index of its source."""
    offset: int
    """Where its line begins."""
    id: str
    key: tuple[str, str]
    """Identity: id and config hash. Another teacher's rollout of the same function has the same id."""
    pair: tuple[str, str]
    """Config hash and what rollouts 1 and 2 of one function share."""
    which: int
    """Rollout 1 or 2."""
    kept_share: float
    """Share of its messages that training can read, 0..1; 1 where nobody measured it: files keep their order."""
    change: bytes
    """Hash of repository and of rollout 1's patch; empty without one."""
    has_reasoning: bool


def entries(index: int, source: Source) -> Iterator[Entry]:
    """The samples of ``source``, in order. Raises InputError naming file, line and field."""
    for offset, number, line in source.located(source.samples):
        sample = _sample(decode(source.samples, number, line), f"{source.samples}:{number}")
        first = sample.patch if sample.rollout == 1 else sample.reference_patch
        yield Entry(
            index,
            offset,
            sample.id,
            (sample.id, sample.config_sha256),
            (sample.config_sha256, _ATTEMPT.sub("", sample.id)),
            sample.rollout,
            source.kept_shares.get(sample.id, 1.0),
            hashlib.sha256(f"{sample.repo}\0{first}".encode()).digest()[:16] if first else b"",
            any(message.get("reasoning") or message.get("reasoning_content") for message in sample.messages),
        )


def load(entry: Entry, sources: list[Source]) -> Sample:
    """The whole sample of an entry."""
    source = sources[entry.source]
    return from_json(Sample, source.read(source.samples, entry.offset))


def _sample(row: dict[str, Any], where: str) -> Sample:
    try:
        sample = from_json(Sample, row)
    except TypeError as error:
        raise InputError(f"{where}: {error}; give a samples.jsonl of 'switchover generate'") from None
    if not sample.messages or not all(map(_is_message, sample.messages)):
        raise InputError(f"{where}: messages is no list of chat messages; give a samples.jsonl of generate")
    if sample.rollout not in (1, 2):
        raise InputError(f"{where}: rollout is {sample.rollout!r}, expected 1 or 2")
    return sample


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        return False
    calls = message.get("tool_calls") or ()
    functions = [call.get("function") for call in calls if isinstance(call, dict)]
    texts = [f.get(key) for f in functions if isinstance(f, dict) for key in ("name", "arguments")]
    return len(texts) == 2 * len(calls) and all(isinstance(text, str) for text in texts)
