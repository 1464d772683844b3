"""Issues that a commit or a text closes and GitHub does not link: their own texts.

GitHub links what a description closes on the default branch. Keywords in commits, and on other
branches, are found by our own parser, which knows numbers only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from bot.collect.ask import Questions
from bot.collect.saving import current
from bot.errors import NotAccessible, NotFound
from pipeline.store import Store
from pipeline.store.forge import BACKFILL
from pipeline.types import Issue, LeftOut

log = logging.getLogger(__name__)

NO_ISSUE = "no_issue"
"""Reason code of a number that is said to be closed and is no issue here."""


def fill(questions: Questions, store: Store, name: str) -> None:
    """Ask for each issue of which only the number is known, once; each is saved by itself. Raises GitHubError.

    Where issues may not be read at all, their numbers have to do.
    """
    for number in _bare(store, name):
        try:
            found = _ask(questions, number)
        except NotAccessible as error:
            log.warning("%s: %s", name, error)
            return
        with store.atomic():
            repo = current(store, questions.id, questions.name)
            store.change_repository(repo.id, calls=repo.calls + questions.spent())
            if found:
                store.save_issues([found])
            else:
                store.save_left_out(questions.name, [_none(number)])


def texts(questions: Questions, store: Store, name: str, numbers: Iterable[int]) -> tuple[Issue, ...]:
    """Those of ``numbers`` that are issues and not known yet; nothing is written. Raises GitHubError."""
    known = store.issues(name)
    unknown = [number for number in numbers if number not in known or known[number].created_at is None]
    return tuple(found for number in unknown if (found := _ask(questions, number)))


def _bare(store: Store, name: str) -> list[int]:
    query = (
        "SELECT number FROM issues AS i WHERE repo = ? AND created_at IS NULL AND NOT EXISTS (SELECT 1 FROM left_out "
        "WHERE repo = i.repo AND stage = ? AND thing = 'issue' AND id = CAST(i.number AS TEXT)) ORDER BY number"
    )
    return [row["number"] for row in store.db.query(query, [name, BACKFILL])]


def _ask(questions: Questions, number: int) -> Issue | None:
    try:
        return questions.issue(number)
    except NotFound as error:
        log.debug("%s", error)
        return None


def _none(number: int) -> LeftOut:
    return LeftOut(BACKFILL, "issue", str(number), NO_ISSUE, "a pull request closes it, and there is no such issue")
