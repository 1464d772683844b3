"""An open issue that is labelled ``switchover`` is attempted before anybody has fixed it: once, by the workflow.

Another label asks anew where no run has come of the first.

Who may put a label on is the forge's affair: people with triage access. What comes of it is for bot.intake.
"""

from __future__ import annotations

from bot.collect.settings import Settings
from bot.errors import NotFound
from bot.handle import dispatch
from bot.handle.change import Context
from bot.handle.dispatch import Way
from bot.handle.events import Event
from bot.intake import runs
from pipeline.store import Store
from pipeline.types import Issue, Repository

LABEL = "switchover"
"""Names are compared without letter case, as the forge does."""


def way(event: Event, context: Context, repository: Repository, issue: Issue, settings: Settings) -> Way | None:
    """How ``issue`` is to be attempted; None where it is not, and nothing needs to be said. May ask the forge."""
    if event.action != "labeled" or (event.label or "").casefold() != LABEL or issue.author.endswith("[bot]"):
        return None
    known = runs.get(context.store, _key(repository, issue))
    if not settings.present or settings.error or (known and not known.never_ran):
        return None
    return (
        dispatch.way(context, repository, "evaluate", or_cycle=False) if _is_due(context, repository, issue) else None
    )


def ask(store: Store, repository: Repository, issue: Issue, found: Way | None) -> str | None:
    """Have it attempted, inside the caller's transaction; why it is not, for the delivery's row."""
    if found is None:
        return None
    if found.workflow is None:
        return f"not attempted: {found.obstacle}"
    dispatch.ask(store, repository, found.workflow, _key(repository, issue), issue=issue.number, retries=True)
    return None


def _key(repository: Repository, issue: Issue) -> str:
    return runs.key_of_issue(repository.id, issue.number)


def _is_due(context: Context, repository: Repository, issue: Issue) -> bool:
    """Whether it is open and labelled now: the delivery may be old."""
    try:
        data = context.client(repository).get(f"/repos/{repository.name}/issues/{issue.number}").data
    except NotFound:
        return False
    labels = {str(label["name"]).casefold() for label in data["labels"]}
    return data["state"] == "open" and LABEL in labels and "pull_request" not in data
