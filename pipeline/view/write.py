"""``write_page``: from paths to a page on disk. The writing rim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from pipeline import whole
from pipeline.errors import InputError
from pipeline.view.bodies import compared, rollout_body, task_body
from pipeline.view.index import index_of, numbered
from pipeline.view.pack import Packer
from pipeline.view.page import Block, page
from pipeline.view.sources import at, read, sources_of
from pipeline.view.tasks import Task, tasks_of

TYPICAL = 8
"""Rollouts that the shared dictionary is made of."""


@dataclass(frozen=True)
class Written:
    """What was made."""

    page: Path
    rollouts: int
    """In the page."""
    found: int
    """In the files; more than ``rollouts`` under a limit."""
    bytes: int


def write_page(paths: Sequence[Path], out: Path | None = None, limit: int | None = None) -> Written:
    """The page of all rollouts below ``paths``, of the first ``limit`` (None: all).

    ``out`` None: beside the first path, as NAME.html, in a folder as view.html. Memory holds the
    list and one task at a time. Raises InputError for input without rollouts or a place that
    cannot be written; an older page stays until the new one is complete.
    """
    sources = sources_of(paths)
    found = list(read(sources))
    if not found:
        raise InputError(f"{paths[0]}: holds no rollout yet; look again when the first one has ended")
    tasks = tasks_of(found, sources, limit)
    out = out or _beside(paths[0])
    index = index_of(tasks, sources, len(found))
    pieces = page(_title(index["repos"], [source.name for source in sources]), index, _blocks(tasks))
    size = _write(out, pieces)
    return Written(out, sum(len(task.attempts) for task in tasks), len(found), size)


def _title(repos: Sequence[str], names: Sequence[str]) -> str:
    return " · ".join(", ".join(some[:3]) + ("…" if len(some) > 3 else "") for some in (repos, names) if some)


def _beside(path: Path) -> Path:
    return path / "view.html" if path.is_dir() else path.with_suffix(".html")


def _blocks(tasks: Sequence[Task]) -> Iterator[Block]:
    packer = Packer(_typical(tasks))
    yield "head", f"{packer.size} {packer.head()}"
    for number, task, attempts in tqdm(numbered(tasks), total=len(tasks), desc="view", unit="task", disable=None):
        rows = {one.key: at(one.found.place) for _, one in attempts}
        beside = {one.key for one in compared(task)}
        yield f"t{number}", packer.block(task_body(task, rows))
        for index, one in attempts:
            yield f"r{index}", packer.block(rollout_body(one, rows[one.key], one.key not in beside))


def _typical(tasks: Sequence[Task]) -> bytes:
    """The ends of the first bodies, and the whole beginning of one: frames of results, then prompts and tools."""
    bodies = [rollout_body(task.attempts[0], at(task.attempts[0].found.place), True) for task in islice(tasks, TYPICAL)]
    return b"".join(body[-3000:] for body in bodies) + bodies[0][:12000]


def _write(path: Path, pieces: Iterable[str]) -> int:
    try:
        with whole.replacing(path) as file:
            file.writelines(piece.encode(errors="replace") for piece in pieces)
        return path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place with --out") from None
