"""Pull requests asked for by number: the tasks that they make, why the others make none, and the rows about them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import jsonl, whole
from pipeline.collect import tasks as tasks_in
from pipeline.errors import InputError, RunError
from pipeline.evaluate.run import Summary
from pipeline.settings import CollectConfig
from pipeline.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What the numbers stand for."""

    task_ids: tuple[str, ...]
    """Of those that can be attempted."""
    left_out: dict[str, int]
    """Reason code to count, of the others."""

    def nothing(self) -> Summary:
        """What an evaluation of none of them comes to."""
        return Summary(0, 0, self.left_out, 0, 0.0, None)


def wanted(db: Path, repo: str, numbers: Sequence[int], config: CollectConfig) -> Wanted:
    """What is to be attempted of the pull requests ``numbers`` of ``repo``.

    One that makes no task is no mistake: whoever asks for what was merged cannot know. Raises InputError for a
    number that was never collected.
    """
    with Store.open(db, must_exist=True) as store:
        reasons: dict[int, str | None] = {
            int(row.id): row.reason for row in store.left_out(repo) if row.thing == "pull" and row.id.isdecimal()
        }
        reasons |= {task.number: task.left_out for task in tasks_in(store, config, repo)}
    for number in numbers:
        if number not in reasons:
            raise InputError(f"--pull {number}: {repo} has no such merged pull request in {db}; collect it first")
    left_out: dict[str, int] = {}
    for number in numbers:
        if reason := reasons[number]:
            log.warning("evaluate: %s#%d makes no task: %s", repo, number, reason)
            left_out[reason] = left_out.get(reason, 0) + 1
    return Wanted(tuple(f"{repo}#{n}" for n in dict.fromkeys(numbers) if reasons[n] is None), left_out)


def nothing_usable(db: Path, repo: str, config: CollectConfig) -> Summary | None:
    """Why no pull request of ``repo`` makes a task, as an evaluation of none; None where one does."""
    with Store.open(db, must_exist=True) as store:
        reasons = [task.left_out for task in tasks_in(store, config, repo)]
    if None in reasons:
        return None
    return Wanted((), dict(Counter(reason for reason in reasons if reason))).nothing()


def copy_rows(source: Path, numbers: Iterable[int], target: Path, field: str = "number") -> int:
    """Write the rows of ``source`` whose ``field`` is one of ``numbers`` (none given: all) to ``target``, unchanged.

    Returns how many. A folder holds more than one run was asked for, and whoever asked takes no more. Raises
    RunError when the disk refuses.
    """
    chosen = frozenset(numbers)
    lines = [line for n, line in jsonl.lines(source) if _is_of(source, n, line, chosen, field)]
    write_lines(lines, target)
    return len(lines)


def write_lines(lines: Sequence[bytes], target: Path) -> None:
    """To the file ``target``, whole or not at all. Raises RunError when the disk refuses."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        whole.write(target, b"".join(line.rstrip(b"\n") + b"\n" for line in lines))
    except OSError as error:
        raise RunError(f"{target}: cannot be written ({error.strerror}); free space, then run the same again") from None


def _is_of(path: Path, number: int, line: bytes, chosen: frozenset[int], field: str) -> bool:
    return not chosen or jsonl.parse(path, number, line).get(field) in chosen
