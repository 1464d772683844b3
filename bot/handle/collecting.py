"""Whose turn it is to be collected, and what a failure does to that.

    pages    one page of a repository's past, or of what has changed since     bot.collect.backfill
    derived  mirror fetched, pull requests made anew from all that is known    bot.collect.derive

Each repository waits for itself (``due_at``): one that fails holds up no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from bot.collect import backfill, derive
from bot.errors import BadCredentials, Limited, NotAccessible, NotFound, Rejected, Suspended
from bot.github import Client, Forge
from bot.handle import installations
from bot.handle.desk import one_line
from bot.receive.deliveries import delay
from pipeline.store import Store
from pipeline.types import Repository

log = logging.getLogger(__name__)

PAGES = "r.backfill IN ('waiting', 'running')"
DERIVED = "r.dirty <> 0 AND r.backfill NOT IN ('waiting', 'running')"
"""Which repositories need each. Deriving waits for the pages: it would have to be done again after them."""

REST = 10.0
"""After deriving, a repository rests for so many times what that took: each push would have all of a large one read."""

_FROM = (
    "FROM repositories r JOIN installations i ON i.id = r.installation"
    " WHERE r.state = 'active' AND i.state = 'active' AND "
)


def pages(store: Store, forge: Forge) -> float | None:
    """One page of the repository that has waited longest, those first that have just begun to.

    Seconds until the next is due; None: none waits.
    """

    def work(client: Client, repo: Repository) -> None:
        backfill.step(client, store, repo)

    return _turn(store, forge, PAGES, work, rest=0.0)


def derived(store: Store, forge: Forge) -> float | None:
    """Derive the repository that has waited longest. Returns as ``pages`` does."""

    def work(client: Client, repo: Repository) -> None:
        found = derive.run(client, store, repo)
        log.info("%s: %d pull requests are collected", repo.name, found.pulls)

    return _turn(store, forge, DERIVED, work, rest=REST)


def _turn(
    store: Store, forge: Forge, where: str, work: Callable[[Client, Repository], None], rest: float
) -> float | None:
    repo = _next(store, where)
    if repo is None:
        return _pause(store, where)
    began = time.monotonic()
    try:
        work(forge.installation(repo.installation or 0), repo)
    except BadCredentials:
        _set(store, repo, due_at=time.time() + delay(repo.tries + 1, 0.5), tries=repo.tries + 1)
        raise
    except Exception as error:
        _fail(store, repo, error, where)
    else:
        _succeed(store, repo, rest * (time.monotonic() - began))
    return 0.0


def _next(store: Store, where: str) -> Repository | None:
    query = f"SELECT r.id {_FROM}{where} AND r.due_at <= ? ORDER BY r.backfill <> 'waiting', r.updated_at, r.id LIMIT 1"
    row = store.db.execute(query, [time.time()]).fetchone()
    return store.repository(row[0]) if row else None


def _pause(store: Store, where: str) -> float | None:
    (due,) = store.db.execute(f"SELECT min(r.due_at) {_FROM}{where}").fetchone()
    return None if due is None else max(due - time.time(), 0.0)


def _succeed(store: Store, repo: Repository, rest: float) -> None:
    """What stood in the way is over. An error that a success itself leaves behind is none of ours."""
    if repo.tries or repo.due_at or rest:
        now = store.repository(repo.id)
        stays = now is None or now.error != repo.error
        due = time.time() + rest if rest else 0.0
        _set(store, repo, tries=0, due_at=due, **({} if stays else {"error": None}))


def _fail(store: Store, repo: Repository, error: Exception, where: str) -> None:
    said = one_line(error)
    log.warning("%s: %s", repo.name, said)
    if isinstance(error, Limited):
        _set(store, repo, due_at=error.until, error=said)
        return
    if isinstance(error, Suspended) and repo.installation:
        with store.atomic():
            installations.save_suspended(store, repo.installation, said)
    columns: dict[str, Any] = {"error": said, "tries": repo.tries + 1}
    if isinstance(error, (NotFound, NotAccessible, Rejected)) and where == PAGES:
        columns["backfill"] = "failed"
    _set(store, repo, due_at=time.time() + delay(repo.tries + 1, 0.5), **columns)


def _set(store: Store, repo: Repository, **columns: Any) -> None:
    """Nothing where it was purged meanwhile."""
    if store.repository(repo.id) is not None:
        store.change_repository(repo.id, **columns)
