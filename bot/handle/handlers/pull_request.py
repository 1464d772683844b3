"""``pull_request`` closed, edited or labeled: a merged one is read anew, and collected within seconds."""

from __future__ import annotations

from bot.collect import pulls
from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.events import Event
from pipeline.store import Store


def handle(event: Event, context: Context) -> Change:
    """Whatever happened before the merge is read with the merge; what happens after it is read again."""
    repository = repository_of(event, context)
    if repository is None or event.number is None:
        return nothing("not a repository that the App may work on")
    if event.merged is False:
        return nothing("not merged")
    id = repository.id
    taken = pulls.read(context.client(repository), context.store, repository, event.number)
    if taken.facts.pull is None:
        return nothing("not merged")

    def change(store: Store) -> None:
        taken.save(store)
        # The whole repository is being derived from what was known before this: once more, then.
        store.db.execute("UPDATE repositories SET dirty = 1 WHERE id = ? AND dirty <> 0", [id])

    return change
