"""What the files beside the rollouts say about them: kept or left out, verdicts, descriptions, scores.

Read line by line into small structures; the messages in them are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pipeline import jsonl
from pipeline.errors import InputError
from pipeline.view.rows import Row, row_of

T = TypeVar("T")


class Left(msgspec.Struct):
    """A line of left_out.jsonl."""

    thing: str
    id: str
    reason: str
    detail: str = ""


class Stage(msgspec.Struct):
    """A line of generate's journal.jsonl."""

    id: str
    stage: str
    result: dict[str, Any] | None = None


class Target(msgspec.Struct):
    """A line of targets.jsonl: the function that a task is about."""

    id: str
    path: str
    name: str
    kind: str | None = None
    language: str | None = None
    change_types: tuple[str, ...] = ()
    """Of rollout 1, by attempt."""


@dataclass(frozen=True)
class Notes:
    """By rollout id where nothing else is said; all empty for a file that stands alone."""

    samples: dict[str, Row] = field(default_factory=dict)
    left_out: dict[str, Left] = field(default_factory=dict)
    """Also descriptions, by task id."""
    stages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By the id and name of a stage."""
    evaluations: dict[str, Row] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    """By task id."""

    def stage(self, id: str, name: str) -> dict[str, Any]:
        """What a stage ended with; empty when it has not."""
        return self.stages.get((id, name), {})


def notes_of(folder: Path) -> Notes:
    """The notes in a folder of generate or evaluate. Raises InputError naming the line that is damaged."""
    notes = Notes()
    for row in _rows(folder / "samples.jsonl"):
        notes.samples[row.id or ""] = row
    for row in _rows(folder / "evaluations.jsonl"):
        notes.evaluations[row.rollout_id or ""] = row
    for left in _read(folder / "left_out.jsonl", Left):
        if left.thing in ("rollout", "description"):
            notes.left_out[left.id] = left
    for stage in _read(folder / "journal.jsonl", Stage):
        if stage.result is not None:
            notes.stages[stage.id, stage.stage] = stage.result
    for target in _read(folder / "targets.jsonl", Target):
        notes.targets[target.id] = target
    return notes


def _rows(path: Path) -> Iterator[Row]:
    for number, line in jsonl.lines(path):
        yield checked(path, number, line)


def checked(path: Path, number: int, line: bytes) -> Row:
    """The row on a line. Raises InputError naming the line."""
    try:
        return row_of(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}:{number}: {error}; mend or remove that line") from None


def _read(path: Path, noun: type[T]) -> Iterator[T]:
    for number, line in jsonl.lines(path):
        try:
            yield msgspec.convert(jsonl.parse(path, number, line), noun)
        except msgspec.ValidationError as error:
            raise InputError(f"{path}:{number}: {error}; mend or remove that line") from None
