"""One pull request with new results: the verdict judged anew and stored, its comment and check run put right.

A comment tells the standing of the day it was written; it is not edited for other pull requests' results.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.collect.settings import settings_of
from bot.errors import BadCredentials, GitHubError, Limited
from bot.evaluated import posted
from bot.evaluated.due import Due, is_fresh, next_due
from bot.evaluated.posted import Posted, letter_key, told
from bot.evaluated.standing import verdict_of
from bot.github import Forge
from bot.transition.live import config_text
from bot.write import checks, outbox, sticky
from bot.write.letter import Letter
from pipeline.config import Config
from pipeline.report.comment import CheckText, check_text, comment
from pipeline.report.view import pull_views
from pipeline.store import Store
from pipeline.store.evaluations import evaluations
from pipeline.store.opinions import opinions
from pipeline.types import Repository

log = logging.getLogger(__name__)

AGAIN_SECONDS = 300.0
"""After a repository could not be read, or has no usable config just now."""


@dataclass(frozen=True)
class Wanted:
    """What is to be said of one pull request; None: nothing."""

    comment: str | None = None
    check: CheckText | None = None
    sha: str = ""
    """The commit that the check run is on."""


def step(store: Store, forge: Forge) -> float | None:
    """Look at one. 0: look for another; None: wait for the bell. Raises BadCredentials and Limited."""
    due = next_due(store, time.time())
    repository = store.repository(due.repo_id) if due else None
    if due is None or repository is None:
        return None
    known = posted.load(store, due.repo_id, due.number)
    try:
        config = _config(forge, repository)
        wanted = _wanted(store, repository, known, config) if config else None
    except (BadCredentials, Limited):
        raise
    except Exception as error:  # of this pull request alone: the others' comments must not wait for it
        unknown = not isinstance(error, GitHubError)
        log.warning("%s#%d: its comment waits: %s", repository.name, due.number, error, exc_info=unknown)
        wanted = None
    if wanted is None:
        _save(store, known, replace(known, due_at=time.time() + AGAIN_SECONDS))
    else:
        _post(store, repository, due, known, wanted)
    return 0.0


def _config(forge: Forge, repository: Repository) -> Config | None:
    """What the default branch says now; None where there is no config, or no valid one."""
    found = settings_of(config_text(forge.installation(repository.installation or 0), repository))
    return found.config if found.present and not found.error else None


def _wanted(store: Store, repository: Repository, known: Posted, config: Config) -> Wanted:
    name, number = repository.name, known.number
    verdict = verdict_of(store, name, evaluations(store, name), config)
    here = evaluations(store, name, number)
    if not (is_fresh(here) or known.comment_letter or known.check_letter):
        return Wanted()
    (view,) = pull_views(here, opinions(store, name, number))
    has_comment = config.report.comment == "every_pull" and not known.gone
    sha = _commit(store, name, number) if _may_check(store, repository) else None
    return Wanted(
        comment(view, verdict, asks=True) if has_comment else None,
        check_text(view, verdict) if sha else None,
        sha or "",
    )


def _post(store: Store, repository: Repository, due: Due, known: Posted, wanted: Wanted) -> None:
    saved = replace(known, seen=due.seen, again=False, due_at=0.0)
    letters = list(_letters(repository, known, wanted))
    for letter in letters:
        if letter.kind.startswith("sticky"):
            at = known.posted_at or time.time()
            saved = replace(saved, comment_letter=letter.key, comment_told=told(letter.body), posted_at=at)
        else:
            saved = replace(saved, check_letter=letter.key, check_told=told(letter.target["title"], letter.body))
    _save(store, known, replace(saved, revision=known.revision + bool(letters)), letters)


def _letters(repository: Repository, known: Posted, wanted: Wanted) -> Iterator[Letter]:
    there = (repository.installation or 0, repository.id)
    text, check = wanted.comment, wanted.check
    if text is not None and told(text) != known.comment_told:
        key = letter_key(known, "comment")
        if known.comment is None:
            yield sticky.create(key, *there, known.number, text)
        else:
            yield sticky.edit(key, *there, known.comment, text)
    if check is not None and told(check.title, check.summary) != known.check_told:
        key = letter_key(known, "check")
        if known.check_run is None:
            yield checks.create(key, *there, known.number, wanted.sha, check.title, check.summary)
        else:
            yield checks.edit(key, *there, known.check_run, check.title, check.summary)


def _save(store: Store, known: Posted, saved: Posted, letters: list[Letter] | None = None) -> None:
    """Nothing where the row has changed meanwhile (somebody has said something): once more, then."""
    with store.atomic():
        if posted.load(store, known.repo_id, known.number) == known:
            for letter in letters or ():
                outbox.put(store, letter)
            posted.save(store, saved)


def _commit(store: Store, name: str, number: int) -> str | None:
    """The tip of the pull request's branch, whose checks its page shows; else the commit that merged it."""
    query = (
        "SELECT COALESCE(head_sha, merge_sha) FROM {} WHERE repo = ? AND number = ?"
        " AND COALESCE(head_sha, merge_sha) IS NOT NULL"
    )
    for table in ("forge_pulls", "pulls"):
        row = store.db.execute(query.format(table), [name, number]).fetchone()
        if row:
            return str(row[0])
    return None


def _may_check(store: Store, repository: Repository) -> bool:
    row = store.db.execute("SELECT permissions FROM installations WHERE id = ?", [repository.installation]).fetchone()
    return row is not None and json.loads(row[0]).get("checks") == "write"
