"""Whose run is started next, and what its letter in the outbox has become. One at a time for each repository.

GitHub keeps one waiting run of a concurrency group and drops older ones without a word, so what
waits is kept here.
"""

from __future__ import annotations

import time

from bot.intake import outcome, runs
from bot.intake.runs import CYCLE, LOOK_SECONDS, Job
from bot.write import outbox, posting
from bot.write.letter import Letter
from pipeline.store import Store
from pipeline.types import Repository

LATE_SECONDS = 600.0
"""For which a run is looked for that GitHub has started without telling its id."""

_NEXT = """
SELECT job FROM runs JOIN repositories r ON r.id = runs.repo_id JOIN installations i ON i.id = r.installation
WHERE runs.state = 'queued' AND r.state = 'active' AND i.state = 'active' AND r.configured <> 0 AND r.paused = 0
AND NOT EXISTS (SELECT 1 FROM runs o WHERE o.repo_id = runs.repo_id AND o.letter IS NOT NULL
                AND o.state IN ('asked', 'running', 'finished'))
ORDER BY runs.asked_in IS NULL, runs.asked_at, runs.rowid LIMIT 1
"""
"""What people asked for goes first."""

_ANSWERED = """
SELECT job, o.state AS sent, o.remote_id, o.error, o.sent_at FROM runs JOIN outbox o ON o.key = runs.letter
WHERE runs.state = 'asked' AND o.state IN ('sent', 'dead')
"""


def begin(store: Store, repository: Repository, job: str) -> None:
    """Have it started, inside the caller's transaction."""
    found = runs.get(store, job)
    assert found
    letter = letter_of(found, repository, outbox.count(store, _start(job)))
    outbox.put(store, letter)
    runs.change(store, job, state="asked", letter=letter.key)


def letter_of(job: Job, repository: Repository, before: int = 0) -> Letter:
    """That starts it. Only numbers and our own key are handed on, never what somebody wrote. ``before``: how many
    letters were to start it that started nothing."""
    inputs = {} if job.workflow == CYCLE else {"job": job.job}
    if inputs and job.pulls:
        inputs["pulls"] = ",".join(map(str, job.pulls))
    if inputs and job.issue:
        inputs["issue"] = str(job.issue)
    there = (repository.installation or 0, repository.id)
    key = f"{_start(job.job)}:{before}" if before else _start(job.job)
    return posting.dispatch(key, *there, job.workflow, job.branch, inputs)


def _start(job: str) -> str:
    return f"start:{job}"


def start_next(store: Store) -> bool:
    """Start one that waits where nothing is under way; whether there was one."""
    with store.atomic():
        row = store.db.execute(_NEXT).fetchone()
        found = runs.get(store, row[0]) if row else None
        repository = store.repository(found.repo_id) if found else None
        if found is None or repository is None:
            return False
        begin(store, repository, found.job)
        return True


def follow(store: Store) -> list[Job]:
    """Take over the ids of runs whose letters were sent. Returns those that GitHub has started without an id."""
    nameless = []
    with store.atomic():
        for row in list(store.db.query(_ANSWERED)):
            job = runs.get(store, row["job"])
            assert job
            if row["sent"] == "dead":
                runs.settle(store, job, "failed", "not_started", row["error"])
                if repository := store.repository(job.repo_id):
                    outcome.ended_badly(store, repository, job, "not_started")
            elif row["remote_id"]:
                started(store, job, int(row["remote_id"]))
            else:
                nameless.append(job)
    return nameless


def started(store: Store, job: Job, run: int) -> None:
    """Its run is ``run``; inside the caller's transaction. One that was noted without us knowing is the same."""
    early = runs.by_run(store, job.repo_id, run)
    if early and early.job != job.job:
        store.db.execute("DELETE FROM runs WHERE job = ?", [early.job])
    state = early.state if early and early.job != job.job and early.state == "finished" else "running"
    due = 0.0 if state == "finished" else time.time() + LOOK_SECONDS
    runs.change(store, job.job, state=state, run=run, due_at=due, tries=0)
