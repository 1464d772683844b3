"""``workflow_run`` completed: how a run that we started came out, kept with its row in the outbox."""

from __future__ import annotations

from bot.handle.change import Change, Context, nothing
from bot.handle.events import Event
from pipeline.store import Store

NOT_OURS = "not a run that was started from here"


def handle(event: Event, context: Context) -> Change:
    """Look the run up by its id, which GitHub told when it was started."""
    run = event.run
    if run is None:
        return nothing(NOT_OURS)

    def change(store: Store) -> str | None:
        cursor = store.db.execute(
            "UPDATE outbox SET target = json_set(target, '$.conclusion', ?)"
            " WHERE kind = 'dispatch' AND repo_id = ? AND remote_id = ?",
            [event.conclusion, event.repo_id, str(run)],
        )
        return None if cursor.rowcount else NOT_OURS

    return change
