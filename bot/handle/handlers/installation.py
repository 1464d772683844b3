"""``installation``, ``installation_repositories``, ``installation_target``: look at what is granted now.

Whatever they say: created, deleted, suspended, repositories added or removed, its owner renamed.
"""

from __future__ import annotations

from bot.handle import installations
from bot.handle.change import Change, Context, nothing
from bot.handle.events import Event
from bot.receive import deliveries
from pipeline.store import Store

UNSEEN = frozenset({"unsuspend", "new_permissions_accepted"})
"""Actions before which events may have been missed, or could not be worked on."""


def handle(event: Event, context: Context) -> Change:
    """Bring the installation's rows to the truth."""
    id = event.installation
    if id is None:
        return nothing("the delivery names no installation")
    found = installations.read(context.forge, id)

    def change(store: Store) -> None:
        if found is None:
            installations.save_gone(store, id)
        else:
            installations.save(store, found, catch_up=event.action in UNSEEN)
            if event.action in UNSEEN:  # perhaps what was given up can be done now
                deliveries.replay(store, state="dead", installation=id)

    return change
