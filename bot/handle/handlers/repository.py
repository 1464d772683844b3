"""``repository``: renamed, transferred, deleted, and whatever else changes its name or default branch.

Whether the App may still work there is not told here: a public repository can be read without
being granted. The installation's own events tell (see bot.handle.installations).
"""

from __future__ import annotations

from typing import Any

from bot.errors import NotFound
from bot.handle.change import Change, Context, nothing
from bot.handle.events import Event
from pipeline.store import Store
from pipeline.types import Repository


def handle(event: Event, context: Context) -> Change:
    """Read the repository by its number, which never changes."""
    known = context.store.repository(event.repo_id) if event.repo_id else None
    if known is None or known.installation is None:
        return nothing("a repository that is not known here")
    try:
        data = context.client(known).get(f"/repositories/{known.id}").data
    except NotFound as error:
        return _gone(event, known, error)
    return lambda store: _save(store, known.id, data)


def _gone(event: Event, known: Repository, error: NotFound) -> Change:
    if event.action != "deleted":
        return nothing(f"{known.name} is out of reach ({error})")

    def change(store: Store) -> None:
        store.change_repository(known.id, state="deleted")

    return change


def _save(store: Store, id: int, data: dict[str, Any]) -> None:
    known = store.repository(id)
    if known is None:  # purged by ``forget`` meanwhile
        return
    store.rename_repo(known.name, data["full_name"])
    store.change_repository(id, private=int(bool(data["private"])), default_branch=data.get("default_branch"))
