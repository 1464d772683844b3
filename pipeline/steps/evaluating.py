"""What ``switchover evaluate`` runs: pull requests by number and whoever is promoted, too, where no id is named; and
an open issue the same way. A job that comes by itself cannot know what makes no task: that is counted, no mistake.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.config import Config
from pipeline.errors import SwitchoverError
from pipeline.evaluate import pulls, sealed, sealing, settling
from pipeline.evaluate.request import Request, Summary, carry_out, collected_repository
from pipeline.evaluate.sealing import SealedSummary
from pipeline.folders import held
from pipeline.steps.promoted import line_up

log = logging.getLogger(__name__)

NOT_SETTLED = "not_settled"
"""Reason code: some of the folder's sealed patches could not be scored this time; the run's own results stand."""


def evaluate(
    asked: Request, config: Config, *, numbers: Sequence[int] = (), promoted: bool = False, rows: Path | None = None
) -> Summary:
    """Carry ``asked`` out. Raises what that, ``pulls.wanted`` and ``line_up`` raise.

    ``numbers``: pull requests, beside the tasks of ``asked``; where none of them makes a task, nothing is
    run, and the reasons are counted. ``promoted``: ``line_up`` names the models, a repository without a task
    is no mistake either, and what was sealed in the folder is scored where it can be by now: first, as the
    first delivery of a pull request under the same versions is the one that counts. ``rows``: file that gets the
    rows about ``numbers``.
    """
    repo, _ = collected_repository(asked.db)
    summary: Summary | None = None
    unusable: Counter[str] = Counter()
    if promoted and not numbers and not asked.task_ids:
        summary = pulls.nothing_usable(asked.db, repo, config.collect)
    elif numbers:
        wanted = pulls.wanted(asked.db, repo, numbers, config.collect)
        asked = dataclasses.replace(asked, task_ids=(*asked.task_ids, *wanted.task_ids))
        if asked.task_ids:
            unusable.update(wanted.left_out)
        else:
            summary = wanted.nothing()
    if promoted:
        unusable.update(_settled(asked, config))
    if summary is None:
        with _with_models(asked, config, repo, promoted) as whole:
            summary = carry_out(whole, config)
    summary = dataclasses.replace(summary, left_out=dict(Counter(summary.left_out) + unusable))
    if rows is not None:
        pulls.copy_rows(asked.out / "evaluations.jsonl", numbers, rows)
    return summary


def seal(
    asked: Request, issue: int, config: Config, *, promoted: bool = False, rows: Path | None = None
) -> SealedSummary:
    """Attempt and seal ``issue``. Raises what ``sealing.seal`` and ``line_up`` raise.

    ``promoted``: ``line_up`` names the models, and an issue that cannot be sealed is counted by its reason.
    ``rows``: file that gets the issue's lines of sealed.jsonl; none where it cannot be sealed (any more).
    """
    found = sealing.obstacle(asked.db, issue) if promoted else None
    if found:
        log.warning("evaluate: %s", found.sentence)
        if rows is not None:
            pulls.write_lines([], rows)
        return found.nothing()
    repo, _ = collected_repository(asked.db)
    with _with_models(asked, config, repo, promoted) as whole:
        summary = sealing.seal(whole, issue, config)
    if rows is not None:
        pulls.copy_rows(asked.out / sealed.FILE, [issue], rows, "issue")
    return summary


@contextlib.contextmanager
def _with_models(asked: Request, config: Config, repo: str, promoted: bool) -> Iterator[Request]:
    with contextlib.ExitStack() as stack:
        if promoted:
            with held(asked.out, "evaluate"):  # where another is at work, before a server is started for nothing
                pass
            found = stack.enter_context(line_up(config, repo, asked.out))
            asked = dataclasses.replace(asked, models=found.models, adapter=found.adapter)
        yield asked


def _settled(asked: Request, config: Config) -> Counter[str]:
    """Score what was sealed in the folder; why some of it was not. The run's own rows are not lost by a failure."""
    if not (asked.out / sealed.FILE).exists():
        return Counter()
    try:
        return Counter(settling.settle(asked.db, asked.out, config).left_out)
    except Exception as error:
        unknown = not isinstance(error, SwitchoverError)
        log.warning("evaluate: not every sealed patch is scored: %s", error, exc_info=unknown)
        return Counter({NOT_SETTLED: 1})
