"""``push`` to the default branch: the mirror is behind, what is derived from it may be, and the route, too."""

from __future__ import annotations

from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.events import Event
from bot.handle.route import found_route
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
    set_to = found_route(context.client(repository), context.store, repository, event) if event.is_of_config else None

    def change(store: Store) -> None:
        store.change_repository(id, dirty=1)
        if set_to:
            set_to.save(store)

    return change
