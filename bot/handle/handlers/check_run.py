"""``check_run`` rerequested, or one of its buttons: the same as the command ``evaluate``, without a comment.

What came of it is shown in the check run itself once there are check runs; until then in the outbox.
"""

from __future__ import annotations

from bot.handle import dispatch
from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.events import Event
from bot.handle.people import may_command
from pipeline.store import Store


def handle(event: Event, context: Context) -> Change:
    """Start the workflow where that is possible; the delivery's note says why where it is not."""
    repository = repository_of(event, context)
    if repository is None:
        return nothing("not a repository that the App may work on")
    if not repository.configured:
        return nothing(
            f"{repository.name} has no .github/switchover.yml on its default branch: nothing is started there"
        )
    if not may_command(event, context, repository):
        return nothing(f"{event.login} may not write to {repository.name}")
    reason = dispatch.obstacle(context, repository)
    if reason:
        return nothing(reason)

    def change(store: Store) -> str | None:
        return None if dispatch.start(store, event, repository) else "a start is waiting to be sent"

    return change
