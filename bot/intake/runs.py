"""The table ``runs``: a workflow run from the wish for it to what came of it.

    queued ──▶ asked ──▶ running ──▶ finished ──┬──▶ taken_in   its results are in the database
                 │          ▲            │      ├──▶ refused    they must not be believed (``reason``)
                 │          └── not yet ─┘      └──▶ failed     there are none (``reason``)
                 └──▶ failed (GitHub did not start it)

All functions write inside the caller's transaction. A run that nobody asked for here (a schedule, or
a person in the Actions tab) begins as finished.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.store import Store

EVALUATE, RETRAIN, CYCLE = "switchover-evaluate.yml", "switchover-retrain.yml", "switchover-cycle.yml"
WORKFLOWS = (EVALUATE, RETRAIN, CYCLE)
"""File names of those whose results are taken in."""

ACTIVE = ("asked", "running", "finished")
"""States in which no other run of the repository is started."""

LOOK_SECONDS = 900.0
"""After which a run that should be under way is asked for: its delivery may be lost."""

MOST_DETAIL = 300


@dataclass(frozen=True)
class Job:
    """One row."""

    job: str
    """Its key: the same wish has the same. Letters, digits and - only; the workflow is given it."""
    repo_id: int
    workflow: str
    """File name."""
    branch: str
    pulls: tuple[int, ...]
    """Pull requests that it was asked for; (): the workflow chooses."""
    asked_in: int | None
    """Issue or pull request in which a person has asked for it; None: nobody has."""
    state: str
    letter: str | None
    """Key of the letter in the outbox that starts it; None for one that was started elsewhere."""
    run: int | None
    """GitHub's id of the run; None until it is known."""
    conclusion: str | None
    reason: str | None
    detail: str | None
    rows: int | None
    """Rows that its artifact held; None until it is taken in."""
    tries: int
    due_at: float
    """Seconds since 1970 before which nothing is to be done for it."""
    asked_at: str
    updated_at: str
    issue: int | None = None
    """Open issue whose attempts it seals; None: it evaluates pull requests, or trains."""

    @property
    def never_ran(self) -> bool:
        """Given up before any run of it was known."""
        return self.state == "failed" and self.run is None


def key_of(word: str, repo_id: int, guid: str) -> str:
    """Of the wish that the delivery ``guid`` brings."""
    return f"{word}-{repo_id}-{hashlib.sha256(guid.encode()).hexdigest()[:16]}"


def key_of_pull(repo_id: int, number: int) -> str:
    """Of the evaluation that follows a merge: one for ever, however often GitHub tells of it."""
    return f"evaluate-{repo_id}-pull-{number}"


def key_of_issue(repo_id: int, number: int) -> str:
    """Of the attempts on an open issue: one for ever, however often it is labelled."""
    return f"evaluate-{repo_id}-issue-{number}"


def add(
    store: Store,
    job: str,
    repo_id: int,
    workflow: str,
    branch: str,
    *,
    pulls: Iterable[int] = (),
    issue: int | None = None,
    asked_in: int | None = None,
    run: int | None = None,
) -> bool:
    """A new row: queued, or finished where its ``run`` is over already; False when its key is known."""
    wanted, state = json.dumps(sorted(pulls)), "finished" if run else "queued"
    values = (job, repo_id, workflow, branch, wanted, issue, asked_in, state, run, _now(), _now())
    names = "job, repo_id, workflow, branch, pulls, issue, asked_in, state, run, asked_at, updated_at"
    cursor = store.db.execute(
        f"INSERT OR IGNORE INTO runs ({names}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608
        list(values),
    )
    return cursor.rowcount == 1


def again(store: Store, job: Job) -> None:
    """Queue one that ``never_ran`` anew. When it was asked for stays: a run that nobody saw may have begun then."""
    change(store, job.job, state="queued", letter=None, reason=None, detail=None, conclusion=None, tries=0, due_at=0.0)


def change(store: Store, job: str, **values: Any) -> None:
    """Set columns by name."""
    if values.get("detail"):
        values["detail"] = values["detail"][:MOST_DETAIL]
    row = {**values, "updated_at": _now()}
    sets = ", ".join(f"{name} = :{name}" for name in row)
    store.db.execute(f"UPDATE runs SET {sets} WHERE job = :job", {**row, "job": job})  # noqa: S608


def get(store: Store, job: str) -> Job | None:
    """By its key."""
    return next(iter(select(store, "WHERE job = ?", job)), None)


def by_run(store: Store, repo_id: int, run: int) -> Job | None:
    """The one that GitHub's run ``run`` belongs to."""
    return next(iter(select(store, "WHERE repo_id = ? AND run = ?", repo_id, run)), None)


def is_free(store: Store, repo_id: int) -> bool:
    """Whether none of the repository is under way."""
    marks = ", ".join("?" * len(ACTIVE))
    query = f"SELECT 1 FROM runs WHERE repo_id = ? AND state IN ({marks}) AND letter IS NOT NULL"  # noqa: S608
    return store.db.execute(query, [repo_id, *ACTIVE]).fetchone() is None


def same(store: Store, repo_id: int, workflow: str, pulls: Iterable[int], issue: int | None = None) -> Job | None:
    """One that waits or is under way and was asked for the same."""
    where = (
        "WHERE repo_id = ? AND workflow = ? AND pulls = ? AND issue IS ? AND state IN ('queued', 'asked', 'running')"
    )
    return next(iter(select(store, where, repo_id, workflow, json.dumps(sorted(pulls)), issue)), None)


def over(store: Store, repo_id: int, run: int, conclusion: str | None) -> bool:
    """Its run has ended, somebody says; False when it is nobody's. What was taken in stays so unless it succeeded."""
    found = by_run(store, repo_id, run) or _asked(store, repo_id, run)
    if found is None:
        return False
    if found.state != "taken_in" or conclusion == "success":
        change(store, found.job, state="finished", run=run, due_at=0.0, tries=0)
    return True


def settle(store: Store, job: Job, state: str, reason: str | None = None, detail: str | None = None) -> None:
    """It has ended so."""
    change(store, job.job, state=state, reason=reason, detail=detail, due_at=0.0)


def due(store: Store, now: float) -> Job | None:
    """The one that is to be looked at first: its run is over, or should be."""
    where = "WHERE state IN ('running', 'finished') AND due_at <= ? ORDER BY state, due_at, asked_at LIMIT 1"
    return next(iter(select(store, where, now)), None)


def next_due(store: Store) -> float | None:
    """When the next is to be looked at, in seconds since 1970; None when none is under way."""
    query = "SELECT min(due_at) FROM runs WHERE state IN ('running', 'finished')"
    return store.db.execute(query).fetchone()[0]  # type: ignore[no-any-return]


def _asked(store: Store, repo_id: int, run: int) -> Job | None:
    """One whose letter has just been sent, before anybody has looked at what came back."""
    where = (
        "WHERE repo_id = ? AND state = 'asked' AND letter IN"
        " (SELECT key FROM outbox WHERE repo_id = ? AND kind = 'dispatch' AND remote_id = ?)"
    )
    return next(iter(select(store, where, repo_id, repo_id, str(run))), None)


def select(store: Store, rest: str, *values: Any) -> list[Job]:
    """Rows that ``rest`` (WHERE ..., ORDER BY ...) names."""
    found = store.db.query(f"SELECT * FROM runs {rest}", values)  # noqa: S608
    return [Job(**{**row, "pulls": tuple(json.loads(row["pulls"]))}) for row in found]


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
