"""``push`` to the default branch: the mirror is behind, and what is derived from it may be."""

from __future__ import annotations

from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.events import Event
from pipeline.store import Store


def handle(event: Event, context: Context) -> Change:
    """Mark the repository; the collecting thread fetches, once for many pushes."""
    repository = repository_of(event, context)
    if repository is None:
        return nothing("not a repository that the App may work on")
    branch = event.default_branch or repository.default_branch
    if event.ref != f"refs/heads/{branch}":
        return nothing("not the default branch")
    id = repository.id

    def change(store: Store) -> None:
        store.change_repository(id, dirty=1)

    return change
