"""``check_run`` rerequested, or one of its buttons: the same as the command ``evaluate``, without a comment."""

from __future__ import annotations

from bot.handle import starting
from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.events import Event
from bot.handle.people import may_command
from bot.write import checks
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
    pull = checks.number_of(event.check, event.repo_id)
    found = starting.wanted("evaluate", event, context, repository, pull=pull)
    if found.way.obstacle:
        return nothing(found.way.obstacle)

    def change(store: Store) -> str | None:
        started, answer = starting.start(store, found, event, repository)
        return None if started else answer.strip().replace("**", "")

    return change
