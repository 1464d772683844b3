"""``report.comment: weekly``: one comment a week on one issue, about the pull requests evaluated in it.

An issue rather than the pull requests: one place that people can subscribe to, or close, which ends
the digests. A comment rather than an edit: it is news once a week, and weeks stay to be read. A
week in which nothing was evaluated says nothing; of weeks that were missed only the last is told.
"""

from __future__ import annotations

import datetime
import logging
import time
from dataclasses import asdict, dataclass, replace

from bot.collect.settings import settings_of
from bot.errors import BadCredentials, GitHubError, Limited
from bot.evaluated.standing import verdict_of
from bot.github import Forge
from bot.transition.live import config_text, live_issue
from bot.wire.client import Client
from bot.write import issues, outbox, posting
from pipeline.config import Config
from pipeline.report import digest
from pipeline.report.digest import Week, last_week
from pipeline.report.view import pull_views
from pipeline.store import Store
from pipeline.store.evaluations import evaluations
from pipeline.store.opinions import opinions
from pipeline.types import Repository

log = logging.getLogger(__name__)

LATE_SECONDS = 6 * 3600.0
"""From a week's end to its digest: the runs of its last evening must have ended and been taken in."""

AGAIN_SECONDS = 3600.0
"""After a repository could not be read, or does not want digests: it may have changed its mind."""

_DUE = """
SELECT r.id FROM repositories r JOIN installations i ON i.id = r.installation
LEFT JOIN digests d ON d.repo_id = r.id
WHERE r.state = 'active' AND i.state = 'active' AND r.configured <> 0 AND r.paused = 0
AND COALESCE(d.week, '') <> :week AND COALESCE(d.due_at, 0) <= :now
AND EXISTS (SELECT 1 FROM evaluations e WHERE e.repo = r.name AND e.at >= :start AND e.at < :end)
AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.repo_id = r.id AND o.state = 'waiting' AND o.key GLOB 'digest:*')
ORDER BY COALESCE(d.due_at, 0), r.id LIMIT 1
"""


@dataclass(frozen=True)
class Digests:
    """A row of ``digests``; one that was never written is all defaults."""

    repo_id: int
    letter: str | None = None
    """Key of the letter that makes the issue."""
    number: int | None = None
    """Of the issue; None before it is known."""
    week: str = ""
    """The last one that was seen to."""
    due_at: float = 0.0


def step(store: Store, forge: Forge, now: float | None = None) -> float | None:
    """Look at one repository. 0: look for another; None: wait for the bell. Raises BadCredentials and Limited."""
    now = time.time() if now is None else now
    week = last_week(datetime.datetime.fromtimestamp(now - LATE_SECONDS, datetime.UTC))
    asked = {"week": week.name, "start": week.start, "end": week.end, "now": now}
    row = next(iter(store.db.query(_DUE, asked)), None)
    repository = store.repository(row["id"]) if row else None
    if repository is None:
        return None
    known = _load(store, repository.id)
    try:
        _look(store, forge, repository, known, week, now)
    except (BadCredentials, Limited):
        raise
    except Exception as error:  # of this repository alone: the others' digests must not wait for it
        unknown = not isinstance(error, GitHubError)
        log.warning("%s: the weekly digest waits: %s", repository.name, error, exc_info=unknown)
        _save(store, replace(known, due_at=now + AGAIN_SECONDS))
    return 0.0


def _look(store: Store, forge: Forge, repository: Repository, known: Digests, week: Week, now: float) -> None:
    client = forge.installation(repository.installation or 0)
    found = settings_of(config_text(client, repository))
    if not found.present or found.error or found.config.report.comment != "weekly":
        _save(store, replace(known, due_at=now + AGAIN_SECONDS))
    elif known.number is None:
        _open(store, repository, known, now)
    else:
        text = _text(store, repository, found.config, week) if _is_wanted(client, repository, known.number) else None
        _tell(store, repository, known, known.number, week, text)


def _open(store: Store, repository: Repository, known: Digests, now: float) -> None:
    """Once; where it could not be made the reason is with the letter, and it is tried again the next day."""
    day = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%d")
    key = f"digest:{repository.id}:issue:{day}"
    there = (repository.installation or 0, repository.id)
    letter = issues.create(key, *there, digest.TITLE, digest.BODY, digest.MARKER)
    with store.atomic():
        is_new = outbox.put(store, letter)
        _save(store, replace(known, letter=key, due_at=0.0 if is_new else now + AGAIN_SECONDS))


def _tell(store: Store, repository: Repository, known: Digests, number: int, week: Week, text: str | None) -> None:
    with store.atomic():
        if text is not None:
            key = f"digest:{repository.id}:{week.name}"
            outbox.put(store, posting.comment(key, repository.installation or 0, repository.id, number, text))
        _save(store, replace(known, week=week.name, due_at=0.0))


def _text(store: Store, repository: Repository, config: Config, week: Week) -> str | None:
    """None where all that was evaluated is a backtest: that is the report's."""
    rows, said = evaluations(store, repository.name), opinions(store, repository.name)
    views = [view for view in pull_views(rows, said) if week.start <= view.at < week.end and not view.backtest]
    return digest.digest(views, verdict_of(store, repository.name, rows, config), week) if views else None


def _is_wanted(client: Client, repository: Repository, number: int) -> bool:
    """Whether the issue is still there and open: a person who closes it has heard enough."""
    live = live_issue(client, repository, number, "")
    return live is not None and live.is_open


def _load(store: Store, repo_id: int) -> Digests:
    """A letter that was sent tells the issue's number."""
    query = (
        "SELECT d.*, o.remote_id FROM digests d"
        " LEFT JOIN outbox o ON o.key = d.letter AND o.state = 'sent' WHERE d.repo_id = ?"
    )
    for row in store.db.query(query, [repo_id]):
        remote = row.pop("remote_id")
        return Digests(**{**row, "number": row["number"] or (int(remote) if remote else None)})
    return Digests(repo_id)


def _save(store: Store, row: Digests) -> None:
    with store.atomic():
        store.db.table("digests").upsert(asdict(row), pk="repo_id")
