"""Where the rollouts are: files and folders given by the user, read line by line. The reading rim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import jsonl
from pipeline.errors import InputError
from pipeline.view.notes import Notes, checked, notes_of
from pipeline.view.rows import Row, whole

FILES = ("rollouts.jsonl", "samples.jsonl", "evaluations.jsonl")
"""What a folder may hold; a rollout that is in several of them is taken from the first."""

_BELOW = ("*/", "*/*/", "*/*/*/")
"""Shards lie one level down, what a cycle makes two or three."""

Place = tuple[Path, int]
"""A file, and the offset of a line in it."""


@dataclass(frozen=True)
class Found:
    """One rollout as it was found."""

    source: int
    """0-based number of the folder or lone file that it came from."""
    place: Place
    row: Row

    @property
    def id(self) -> str:
        """Its id; for an evaluation that of its rollout, or made up of what it is about."""
        row = self.row
        return row.id or row.rollout_id or f"{row.task_id} {row.role} {row.attempt}"


@dataclass(frozen=True)
class Source:
    """A folder of generate or evaluate, or a file that stands alone."""

    name: str
    files: tuple[Path, ...]
    notes: Notes


def sources_of(paths: Sequence[Path]) -> list[Source]:
    """What ``paths`` stand for: each once, folders before those below them.

    A folder stands for its files, or where it has none for the folders below it (shards, a
    cycle). rollouts.jsonl and evaluations.jsonl stand for their folder: what is beside them tells
    what became of them. Raises InputError for a path without rollouts.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        for place in _places(path):
            found.setdefault(place.resolve(), _source(place))
    return list(found.values())


def _places(path: Path) -> list[Path]:
    if path.is_dir():
        places = (
            [path] if _files(path) else sorted(child for depth in _BELOW for child in path.glob(depth) if _files(child))
        )
        if not places:
            raise InputError(f"{path}: holds none of {', '.join(FILES)}; name the --out of generate or evaluate")
        return places
    if not path.exists():
        raise InputError(f"{path}: no such file; give a rollouts.jsonl, samples.jsonl or evaluations.jsonl")
    return [path.parent if path.name in ("rollouts.jsonl", "evaluations.jsonl") else path]


def _source(place: Path) -> Source:
    if place.is_dir():
        return Source(place.resolve().name, _files(place), notes_of(place))
    return Source(place.name, (place,), Notes())


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in FILES if (folder / name).is_file())


def read(sources: Sequence[Source]) -> Iterator[Found]:
    """Every rollout once, in the order of the files. Raises InputError naming a line that is none."""
    for number, source in enumerate(sources):
        seen: set[str] = set()
        for path in source.files:
            for found in _read(number, path):
                if found.id not in seen:
                    seen.add(found.id)
                    yield found


def _read(source: int, path: Path) -> Iterator[Found]:
    for number, offset, line in jsonl.placed(path):
        row = checked(path, number, line)
        if row.kind is None:
            raise InputError(
                f"{path}:{number}: neither a rollout, a sample nor an evaluation; give what generate or evaluate wrote"
            )
        yield Found(source, (path, offset), row)


def at(place: Place) -> dict[str, Any]:
    """All of the line at ``place``, which ``read`` found to be well formed."""
    path, offset = place
    with path.open("rb") as file:
        file.seek(offset)
        return whole(file.readline())
