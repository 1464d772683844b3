"""``issues``: an issue's text as it is now; or that it is gone. One that is labelled for it is attempted.

Our own is for bot.transition.
"""

from __future__ import annotations

from bot.collect.ask import Questions
from bot.collect.saving import current
from bot.handle import sealing
from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.events import Event
from bot.handle.handlers import transition
from bot.transition import posted
from pipeline.report import digest
from pipeline.report.transition import MARKER
from pipeline.store import Store
from pipeline.types import Repository

FINAL = frozenset({"deleted", "transferred"})
"""After these its number stands for nothing any more, whatever other events say and whenever they come."""


def handle(event: Event, context: Context) -> Change:
    """Read the issue anew, unless it is gone."""
    repository = repository_of(event, context)
    number = event.number
    if repository is None or number is None:
        return nothing("not a repository that the App may work on")
    if event.is_bot and any(marker in (event.body or "") for marker in (MARKER, digest.MARKER)):
        return nothing("an issue of ours")
    if number == posted.load(context.store, repository.id).number:
        return transition.handle(event, context, repository)
    if event.action in FINAL:
        return lambda store: _forget(store, repository, number)
    questions = Questions(context.client(repository), repository)
    issue = questions.issue(number)
    if issue is None:
        return lambda store: _forget(store, repository, number)
    found = sealing.way(event, context, repository, issue, questions.settings)

    def change(store: Store) -> str | None:
        now = current(store, repository.id, questions.name)
        store.save_issues([issue])
        return sealing.ask(store, now, issue, found)

    return change


def _forget(store: Store, repository: Repository, number: int) -> None:
    """Its text; pull requests keep the link to its number."""
    store.db.execute(
        "DELETE FROM issues WHERE number = ? AND repo = (SELECT name FROM repositories WHERE id = ?)",
        [number, repository.id],
    )
