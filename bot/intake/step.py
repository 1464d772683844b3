"""The loop: one thing that is due for one workflow run.

letters that were sent ─▶ their runs' ids;  a free repository ─▶ its next letter;  a run that is over, or
that should be and was not heard of ─▶ ``take``
"""

from __future__ import annotations

import logging
import time

from bot.errors import BadCredentials, GitHubError, Limited
from bot.github import Forge
from bot.intake import outcome, queue, runs
from bot.intake.runs import Job
from bot.intake.take import clear, take
from bot.receive.deliveries import delay
from bot.wire.answers import one_line
from bot.write import posting
from bot.write.letter import Search
from pipeline.store import Store
from pipeline.types import Repository

log = logging.getLogger(__name__)

MOST_TRIES = 8
NAMELESS_SECONDS = 20.0
"""Between two looks for a run that GitHub has started without telling its id."""


def step(store: Store, forge: Forge) -> float | None:
    """One thing. Seconds until the next is due (0: look again at once); None: wait for the bell.

    Raises BadCredentials and Limited; what they stopped is due again then.
    """
    nameless = queue.follow(store)
    if queue.start_next(store):
        return 0.0
    for job in nameless:
        _look_for(store, forge, job)
    over = runs.due(store, time.time())
    if over is None:
        clear(store.path)
        pause = runs.next_due(store)
        waits = [] if pause is None else [max(pause - time.time(), 1.0)]
        return min([*waits, *([NAMELESS_SECONDS] if nameless else [])], default=None)
    _try(store, forge, over)
    return 0.0


def _try(store: Store, forge: Forge, job: Job) -> None:
    repository = store.repository(job.repo_id)
    if repository is None or repository.state != "active" or not repository.installation:
        _later(store, job, runs.LOOK_SECONDS)
        return
    try:
        take(store, forge.installation(repository.installation), repository, job)
    except (BadCredentials, Limited) as error:
        _later(store, job, max(getattr(error, "until", 0.0) - time.time(), 60.0))
        raise
    except Exception as error:
        _failed(store, repository, job, error)


def _failed(store: Store, repository: Repository, job: Job, error: Exception) -> None:
    """GitHub, the way to it, the disk, or a fault of ours: again later, and said when it stays."""
    said, tries = one_line(str(error)) or type(error).__name__, job.tries + 1
    log.warning(
        "run %s of %s: %s", job.run, repository.name, said, exc_info=not isinstance(error, (GitHubError, OSError))
    )
    with store.atomic():
        runs.change(store, job.job, tries=tries, detail=said, due_at=time.time() + delay(tries, 0.5))
        if tries >= MOST_TRIES:
            runs.settle(store, job, "failed", "unreachable", said)
            outcome.ended_badly(store, repository, job, "unreachable")


def _later(store: Store, job: Job, seconds: float) -> None:
    with store.atomic():
        runs.change(store, job.job, due_at=time.time() + seconds)


def _look_for(store: Store, forge: Forge, job: Job) -> None:
    """A server that does not tell a run's id: the oldest since that nobody claims is it."""
    if job.due_at > time.time():
        return
    repository = store.repository(job.repo_id)
    if repository is None or repository.state != "active" or not repository.installation:
        _later(store, job, runs.LOOK_SECONDS)
        return
    letter = queue.letter_of(job, repository)
    claimed = {str(one.run) for one in runs.select(store, "WHERE repo_id = ? AND run IS NOT NULL", repository.id)}
    search = Search(job.asked_at, forge.login(), frozenset(claimed))
    try:
        found = posting.find(forge.installation(repository.installation), repository.name, letter, search)
    except (BadCredentials, Limited):
        raise
    except GitHubError as error:  # of this repository alone: the others' runs must not wait for it
        log.warning("%s: its run %s cannot be looked for: %s", repository.name, job.job, error)
        found = None
    with store.atomic():
        if found:
            queue.started(store, job, int(found))
        elif job.tries * NAMELESS_SECONDS > queue.LATE_SECONDS:
            runs.settle(store, job, "failed", "run_unknown")
            outcome.ended_badly(store, repository, job, "run_unknown")
        else:
            runs.change(store, job.job, tries=job.tries + 1, due_at=time.time() + NAMELESS_SECONDS)
