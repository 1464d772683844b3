"""What ``switchover evaluate`` runs: pull requests by number and whoever is promoted, too, where no id is named."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.config import Config
from pipeline.evaluate import pulls
from pipeline.evaluate.request import Request, Summary, carry_out, collected_repository
from pipeline.steps.promoted import line_up


def evaluate(
    asked: Request, config: Config, *, numbers: Sequence[int] = (), promoted: bool = False, rows: Path | None = None
) -> Summary:
    """Carry ``asked`` out. Raises what that, ``pulls.wanted`` and ``line_up`` raise.

    ``numbers``: pull requests, beside the tasks of ``asked``; where none of them makes a task, nothing is
    run, and the reasons are counted. ``promoted``: ``line_up`` names the models, and a repository without a task
    is no mistake either: a job that comes by itself cannot know. ``rows``: file that gets
    the rows about ``numbers``.
    """
    repo, _ = collected_repository(asked.db)
    summary: Summary | None = None
    unusable: Counter[str] = Counter()
    if promoted and not numbers and not asked.task_ids:
        summary = pulls.nothing_usable(asked.db, repo, config.collect)
    elif numbers:
        wanted = pulls.wanted(asked.db, repo, numbers, config.collect)
        asked = dataclasses.replace(asked, task_ids=(*asked.task_ids, *wanted.task_ids))
        unusable.update(wanted.left_out)
        summary = None if asked.task_ids else wanted.nothing()
    if summary is None:
        summary = _carried_out(asked, config, repo, promoted)
        summary = dataclasses.replace(summary, left_out=dict(Counter(summary.left_out) + unusable))
    if rows is not None:
        pulls.copy_rows(asked.out / "evaluations.jsonl", numbers, rows)
    return summary


def _carried_out(asked: Request, config: Config, repo: str, promoted: bool) -> Summary:
    with contextlib.ExitStack() as stack:
        if promoted:
            found = stack.enter_context(line_up(config, repo, asked.out))
            asked = dataclasses.replace(asked, models=found.models, adapter=found.adapter)
        return carry_out(asked, config)
