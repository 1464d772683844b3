"""Starting the repository's own workflows, once per wish; or why that cannot be.

Which file is started follows from what lies on the default branch: ``switchover-evaluate.yml`` and
``switchover-retrain.yml`` where they are there, else ``switchover-cycle.yml``, which runs every step that
is due. All other inputs than numbers and our own key are the file's defaults: what somebody writes on
the forge never becomes one. One run at a time for each repository; the others wait (bot.intake.queue).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.errors import NotFound
from bot.handle.change import Context
from bot.intake import queue, runs
from bot.intake.runs import CYCLE, EVALUATE, RETRAIN
from pipeline.report.inert import inline
from pipeline.store import Store
from pipeline.types import Repository

Word = Literal["evaluate", "retrain"]
FILES: dict[Word, str] = {"evaluate": EVALUATE, "retrain": RETRAIN}

Asked = Literal["started", "queued", "known"]
"""It is started now; it waits for another run of the repository; the same is asked for already."""


@dataclass(frozen=True)
class Way:
    """Either is None."""

    workflow: str | None
    obstacle: str | None
    """Why nothing can be started, and what to do, in Markdown."""


def way(context: Context, repository: Repository, word: Word, *, or_cycle: bool = True) -> Way:
    """What is to be started for ``word``. Asks the forge. ``or_cycle``: the simple workflow will do instead."""
    if repository.paused:
        return Way(None, "Switchover is paused here: `/switchover resume` ends that.")
    if not _may_start(context.store, repository):
        why = (
            "The App may not start workflows here: an owner can grant it write access to Actions "
            "(the App's settings on GitHub, profile *full*)."
        )
        return Way(None, why)
    for workflow in (FILES[word], CYCLE)[: 1 + or_cycle]:
        if _is_there(context, repository, workflow):
            return Way(workflow, None)
    where = f"`.github/workflows/{FILES[word]}` on {inline(branch_of(repository))}"
    return Way(None, f"There is no {where}. Run `switchover init` in a clone and commit what it writes.")


def ask(
    store: Store,
    repository: Repository,
    workflow: str,
    job: str,
    *,
    pulls: Iterable[int] = (),
    issue: int | None = None,
    asked_in: int | None = None,
    retries: bool = False,
) -> Asked:
    """Have ``workflow`` started, inside the caller's transaction. ``job``: its key (bot.intake.runs.key_of).
    ``retries``: also where it is known and no run has come of it.
    """
    wanted = () if workflow == CYCLE else tuple(pulls)
    known = runs.get(store, job)
    if (known and not (retries and known.never_ran)) or runs.same(store, repository.id, workflow, wanted, issue):
        return "known"
    free = runs.is_free(store, repository.id)
    branch = branch_of(repository)
    if known:
        runs.again(store, known)
    else:
        runs.add(store, job, repository.id, workflow, branch, pulls=wanted, issue=issue, asked_in=asked_in)
    if not free:
        return "queued"
    queue.begin(store, repository, job)
    return "started"


def branch_of(repository: Repository) -> str:
    """Where the workflow lies."""
    return repository.default_branch or "main"


def _is_there(context: Context, repository: Repository, workflow: str) -> bool:
    path = f"/repos/{repository.name}/contents/.github/workflows/{workflow}"
    try:
        context.client(repository).get(path, ref=branch_of(repository))
    except NotFound:
        return False
    return True


def _may_start(store: Store, repository: Repository) -> bool:
    row = store.db.execute("SELECT permissions FROM installations WHERE id = ?", [repository.installation]).fetchone()
    return row is not None and json.loads(row[0]).get("actions") == "write"
