"""What was told of one repository into its tables: one transaction, under the name that it has now."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from bot.collect.ask import Questions
from bot.collect.nodes import Told
from bot.errors import NotFound
from pipeline.store import Store
from pipeline.store.forge import BACKFILL
from pipeline.types import LeftOut, Repository


def current(store: Store, id: int, name: str) -> Repository:
    """The repository's row, renamed where needed; within a transaction.

    Raises NotFound when it was purged meanwhile: then nothing of it may be written again.
    """
    repo = store.repository(id)
    if repo is None or repo.state == "forgotten":
        raise NotFound(f"{name}: was purged from the database meanwhile; nothing is saved")
    if repo.name != name:
        store.rename_repo(repo.name, name)
    return repo


def save_told(
    store: Store, questions: Questions, told: Iterable[Told], refused: Iterable[int] = (), **columns: Any
) -> tuple[Repository, int]:
    """Save what was told and what GitHub refuses to tell, and ``columns`` of the repository's row.

    Gives the row, and how many pull requests were new or have changed. Raises NotFound, RunError.
    """
    whole = list(told)
    with store.atomic():
        repo = current(store, questions.id, questions.name)
        changed = store.save_forge_pulls(questions.name, [one.pull for one in whole])
        store.save_issues(issue for one in whole for issue in one.issues)
        _save_refused(store, questions.name, refused)
        calls = repo.calls + questions.spent()
        seen = store.count_forge_pulls(questions.name)
        columns = {**questions.settings.columns(), "calls": calls, "seen": seen, **columns}
        return store.change_repository(repo.id, **columns), changed


def refused_numbers(store: Store, name: str) -> list[int]:
    """Numbers that GitHub refused to tell of so far."""
    query = "SELECT id FROM left_out WHERE repo = ? AND stage = ? AND thing = 'pull'"
    return sorted(int(row["id"]) for row in store.db.query(query, (name, BACKFILL)))


def utc_now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _save_refused(store: Store, name: str, numbers: Iterable[int]) -> None:
    wanted = set(numbers)
    known = {pull.number for pull in store.forge_pulls(name, wanted)} if wanted else set()
    detail = "GitHub ends with an error whenever it is asked; 'switchover collect' asks again"
    rows = [LeftOut(BACKFILL, "pull", str(number), "forge_refuses", detail) for number in sorted(wanted - known)]
    store.save_left_out(name, rows)
