"""``evaluate`` and ``retrain``, asked for in a comment or by a button: what is started, and what is said."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import NotFound
from bot.handle import answers, dispatch
from bot.handle.change import Context
from bot.handle.dispatch import Way, Word
from bot.handle.events import Event
from bot.intake import runs
from pipeline.store import Store
from pipeline.types import Repository


@dataclass(frozen=True)
class Wanted:
    """What a person asked for, and how it can be done."""

    word: Word
    way: Way
    pulls: tuple[int, ...]
    asked_in: int | None
    """Where they are answered when it ends badly; None: nowhere."""


def wanted(word: Word, event: Event, context: Context, repository: Repository, *, pull: int | None = None) -> Wanted:
    """Asks the forge. ``pull``: of the button; else ``evaluate`` on a pull request means that one."""
    number = pull or (event.number if word == "evaluate" and event.is_pull else None)
    found = dispatch.way(context, repository, word)
    if number and found.workflow == runs.EVALUATE and not _is_merged(context, repository, number):
        found = Way(None, "Only what is merged is evaluated: the merge is the answer that attempts are held against.")
    return Wanted(word, found, (number,) if number else (), event.number)


def start(store: Store, found: Wanted, event: Event, repository: Repository) -> tuple[bool, str]:
    """Inside the caller's transaction; whether it is started at once, and the answer in Markdown."""
    if found.way.workflow is None:
        return False, answers.not_started(found.way.obstacle or "")
    key = runs.key_of(found.word, repository.id, event.guid)
    asked = dispatch.ask(store, repository, found.way.workflow, key, pulls=found.pulls, asked_in=found.asked_in)
    if asked == "started":
        return True, answers.started(found.way.workflow, dispatch.branch_of(repository))
    if asked == "queued":
        return False, answers.queued(found.way.workflow)
    return False, answers.not_started("It was asked for before, and is waiting or under way.")


def _is_merged(context: Context, repository: Repository, number: int) -> bool:
    query = "SELECT 1 FROM forge_pulls WHERE repo = ? AND number = ?"
    if context.store.db.execute(query, [repository.name, number]).fetchone():
        return True
    try:
        data = context.client(repository).get(f"/repos/{repository.name}/pulls/{number}").data
    except NotFound:
        return False
    return bool(data.get("merged_at"))
