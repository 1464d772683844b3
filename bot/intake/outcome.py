"""What a run's end has the App write: to the person who asked for it when there is nothing, in the transition issue
when there is a new adapter, and in an issue whose attempts are sealed. Each at most once; nothing is said of runs that
nobody asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bot.intake import adapters
from bot.intake.adapters import Found
from bot.intake.reasons import ALL
from bot.intake.runs import Job
from bot.transition import posted
from bot.write import outbox, posting, sticky
from pipeline.report.sealed import MARKER, comment
from pipeline.store import Store
from pipeline.store.seals import seals
from pipeline.types import Repository


def ended_badly(store: Store, repository: Repository, job: Job, reason: str) -> None:
    """Inside the caller's transaction. Once for each job, however often it fails."""
    if job.asked_in is None:
        return
    why = ALL[reason]
    of = f" Its run is {job.run} in the Actions tab." if job.run else ""
    text = f"**Switchover: `{job.workflow}` has left nothing here: {why.meaning}.** {why.do}{of} (`{reason}`)\n"
    there = (repository.installation or 0, repository.id)
    outbox.put(store, posting.comment(f"outcome:{job.job}", *there, job.asked_in, text))


def taken_in(store: Store, repository: Repository, job: Job, found: Sequence[Found]) -> None:
    """Inside the caller's transaction. Once for each adapter and what its gates say."""
    issue = posted.load(store, repository.id).number
    there = (repository.installation or 0, repository.id)
    for adapter in found:
        text, name = adapters.news(adapter), adapter.card.sha256
        gates = "passed" if adapter.passed else "held"
        if issue is not None:  # held back while the repository is paused: see bot.write.outbox
            key = f"transition:{repository.id}:adapter:{name[:16]}:{gates}"
            outbox.put(store, posting.comment(key, *there, issue, text))
        if job.asked_in not in (None, issue):
            assert job.asked_in
            outbox.put(store, posting.comment(f"adapter:{job.job}:{name[:16]}", *there, job.asked_in, text))


def sealed(store: Store, repository: Repository, issue: int) -> None:
    """Inside the caller's transaction. One comment for each issue, brought up to date when there are more hashes.

    What waits there with fewer is not sent any more: it could arrive after this.
    """
    text = comment(seals(store, repository.name, issue))
    key = f"sealed:{repository.id}:{issue}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    there = (repository.installation or 0, repository.id)
    outbox.drop(store, f"sealed:{repository.id}:{issue}:", but=key)
    outbox.put(store, sticky.create(key, *there, issue, text, MARKER))
