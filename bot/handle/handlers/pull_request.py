"""``pull_request`` closed, edited or labeled: a merged one is read anew, collected within seconds, and evaluated."""

from __future__ import annotations

import json

from bot.collect import pulls
from bot.collect.pulls import Taken
from bot.handle import dispatch
from bot.handle.change import Change, Context, nothing, repository_of
from bot.handle.dispatch import Way
from bot.handle.events import Event
from bot.intake import runs
from pipeline.store import Store
from pipeline.types import Repository


def handle(event: Event, context: Context) -> Change:
    """Whatever happened before the merge is read with the merge; what happens after it is read again."""
    repository = repository_of(event, context)
    if repository is None or event.number is None:
        return nothing("not a repository that the App may work on")
    if event.merged is False:
        return nothing("not merged")
    id, number = repository.id, event.number
    taken = pulls.read(context.client(repository), context.store, repository, number)
    if taken.facts.pull is None:
        return nothing("not merged")
    found = _way(event, context, repository, taken)

    def change(store: Store) -> str | None:
        taken.save(store)
        # The whole repository is being derived from what was known before this: once more, then.
        store.db.execute("UPDATE repositories SET dirty = 1 WHERE id = ? AND dirty <> 0", [id])
        return _evaluate(store, id, number, found)

    return change


def _way(event: Event, context: Context, repository: Repository, taken: Taken) -> Way | None:
    """None where it is not to be evaluated, and nothing needs to be said."""
    settings, pull = taken.questions.settings, taken.facts.pull
    if event.action != "closed" or not settings.present or settings.error or pull is None:
        return None
    if pull.base_branch != dispatch.branch_of(repository) or pull.author.endswith("[bot]"):
        return None
    return dispatch.way(context, repository, "evaluate", or_cycle=False)


def _evaluate(store: Store, id: int, number: int, found: Way | None) -> str | None:
    """Once for each pull request, however often its merge is told."""
    repository = store.repository(id)
    if found is None or repository is None:
        return None
    if found.workflow is None:
        return f"collected, not evaluated: {found.obstacle}"
    if reason := _left_out(store, repository.name, number):
        return f"not evaluated: {reason}"
    dispatch.ask(store, repository, found.workflow, runs.key_of_pull(id, number), pulls=[number])
    return None


def _left_out(store: Store, repo: str, number: int) -> str | None:
    """Why it cannot make a task, as far as it is known; a runner would only find out the same."""
    query = "SELECT reason FROM left_out WHERE repo = ? AND stage = 'collect' AND thing = 'pull' AND id = ?"
    if row := store.db.execute(query, [repo, str(number)]).fetchone():
        return f"it is left out ({row[0]})"
    row = store.db.execute("SELECT files FROM pulls WHERE repo = ? AND number = ?", [repo, number]).fetchone()
    has_source = row is None or any(file["kind"] == "source" for file in json.loads(row[0]))
    return None if has_source else "it changes no source file"
