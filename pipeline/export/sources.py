"""What is exported: folders of generate, or single files of samples, read line by line where they lie."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import msgspec

from pipeline import jsonl
from pipeline.errors import InputError

log = logging.getLogger(__name__)

SAMPLES, ROLLOUTS, LEFT_OUT = "samples.jsonl", "rollouts.jsonl", "left_out.jsonl"
SUMMARY, MANIFEST, JOURNAL = "summary.json", "run.json", "journal.jsonl"

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Bytes that were no UTF-8 are carried as these: Arrow, and most readers of JSON, refuse them."""


@dataclass(frozen=True)
class Source:
    """One folder of generate, or one file of samples that stands alone (without rollouts, summary and settings)."""

    samples: Path
    folder: Path | None = None
    _open: dict[Path, IO[bytes]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def rollouts(self) -> Path | None:
        """Its rollouts.jsonl; None for a single file."""
        return self.folder / ROLLOUTS if self.folder else None

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Its summary.json; empty where there is none."""
        return self._object(SUMMARY)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Its run.json: the settings that it was made with; empty where there is none."""
        return self._object(MANIFEST)

    @cached_property
    def kept_shares(self) -> dict[str, float]:
        """Rollout id to the share of its messages that training can read, as generate measured it; 0..1."""
        rows = jsonl.read(self.folder / JOURNAL) if self.folder else iter(())
        measured = ((row.get("id"), row["result"]) for row in rows if row.get("stage") == "facts" and row.get("result"))
        return {str(id): float(facts.get("kept_share", 1.0)) for id, facts in measured}

    def left_out(self) -> Iterator[dict[str, Any]]:
        """The lines of its left_out.jsonl."""
        return jsonl.read(self.folder / LEFT_OUT) if self.folder else iter(())

    def read(self, path: Path, offset: int) -> dict[str, Any]:
        """The object that begins at ``offset`` of one of its files, seen by ``located`` before."""
        file = self._open[path]
        file.seek(offset)
        return decode(path, 0, file.readline())

    def located(self, path: Path) -> Iterator[tuple[int, int, bytes]]:
        """Offset, number (1-based) and bytes of each complete line. A torn last line is reported and dropped.

        The file stays open until ``close``: what ``read`` gives later is the same file, even if a
        run of generate has put a new one in its place.
        """
        file = self._open.setdefault(path, path.open("rb"))
        lines, offset = jsonl.lines(path), 0
        file.seek(0)
        for raw in iter(file.readline, b""):
            if not raw.isspace():
                number, line = next(lines, (0, b""))
                if not line:
                    return
                yield offset, number, line
            offset += len(raw)

    def close(self) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _object(self, name: str) -> dict[str, Any]:
        path = self.folder / name if self.folder else None
        if path is None or not path.exists():
            return {}
        try:
            value = json.loads(path.read_bytes())
        except ValueError as error:
            raise InputError(f"{path}: not JSON ({error}); run 'switchover generate' on its folder again") from None
        if not isinstance(value, dict):
            raise InputError(f"{path}: not an object; run 'switchover generate' on its folder again")
        return value


@contextlib.contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Source]]:
    """The sources at ``paths``, each once. Raises InputError for one that is neither folder nor file of samples."""
    sources: list[Source] = []
    for path in paths:
        source = _source(path)
        if any(source.samples.samefile(other.samples) for other in sources):
            log.warning("%s: given twice, read once", path)
        else:
            sources.append(source)
    try:
        yield sources
    finally:
        for source in sources:
            source.close()


def _source(path: Path) -> Source:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; name a folder of 'switchover generate', or a samples.jsonl")
    if path.is_file():
        return Source(path, path.parent if path.name == SAMPLES and (path.parent / MANIFEST).is_file() else None)
    samples = path / SAMPLES
    if not samples.is_file() and (path / MANIFEST).is_file():
        raise InputError(f"{path}: no {SAMPLES} yet; 'switchover generate' writes it when it ends, run it again")
    if not samples.is_file():
        raise InputError(f"{path}: no {SAMPLES} in it; name a folder of 'switchover generate', or a file of samples")
    return Source(samples, path)


def decode(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """The object on a line, with U+FFFD for what is no Unicode text. Raises InputError for another thing."""
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = json.dumps(jsonl.parse(path, number, line), ensure_ascii=False)
        row = json.loads(_LONE_SURROGATE.sub("\ufffd", text))
    return row if isinstance(row, dict) else jsonl.parse(path, number, line)
