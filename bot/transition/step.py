"""One repository whose issue may be out of date: read afresh, planned, and its letters put in one transaction.

At most one edit waits in the outbox for each: what changes meanwhile is in the next, so no older
text can be sent after a newer one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

from bot.collect.settings import settings_of
from bot.errors import BadCredentials, GitHubError, Limited
from bot.github import Forge
from bot.transition import boxes, posted, texts
from bot.transition.live import config_text, live_issue
from bot.transition.plan import Plan, held, plan
from bot.transition.posted import Posted, letter_key
from bot.transition.routing import page_of
from bot.wire.client import Client
from bot.write import issues, outbox, posting
from bot.write.letter import Letter
from pipeline.report.transition import IssueText, issue
from pipeline.store import Store, VerdictRow
from pipeline.types import Repository

log = logging.getLogger(__name__)

AGAIN_SECONDS = 300.0
"""After a repository could not be read, or has no config just now."""

SOON_SECONDS = 5.0
"""Where a delivery that may say who ticked a box is still to be worked on."""

_DUE = """
SELECT r.id FROM repositories r JOIN installations i ON i.id = r.installation
JOIN verdicts v ON v.repo = r.name AND v.seq = (SELECT max(seq) FROM verdicts WHERE repo = r.name)
LEFT JOIN transitions t ON t.repo_id = r.id
WHERE r.state = 'active' AND i.state = 'active' AND r.configured <> 0 AND r.paused = 0
AND (t.seq IS NOT v.seq OR t.again <> 0
     OR t.number IS NULL AND EXISTS (SELECT 1 FROM outbox o WHERE o.key = t.letter AND o.state = 'sent'))
AND COALESCE(t.due_at, 0) <= ?
AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.repo_id = r.id AND o.state = 'waiting' AND o.key GLOB 'transition:*')
ORDER BY COALESCE(t.due_at, 0), r.id LIMIT 1
"""


def step(store: Store, forge: Forge) -> float | None:
    """Look at one repository. 0: look for another; None: wait for the bell. Raises BadCredentials and Limited."""
    row = store.db.execute(_DUE, [time.time()]).fetchone()
    repository = store.repository(row[0]) if row else None
    verdict = store.verdict(repository.name) if repository else None
    if repository is None or verdict is None:
        return None
    known = posted.load(store, repository.id)
    try:
        _look(store, forge, repository, verdict, known)
    except (BadCredentials, Limited):
        raise
    except GitHubError as error:
        log.warning("%s: the transition issue waits: %s", repository.name, error)
        _wait(store, known, AGAIN_SECONDS)
    return 0.0


def _look(store: Store, forge: Forge, repository: Repository, verdict: VerdictRow, known: Posted) -> None:
    client = forge.installation(repository.installation or 0)
    settings = settings_of(config_text(client, repository))
    if not settings.present or settings.error:
        _wait(store, known, AGAIN_SECONDS)
        return
    live = live_issue(client, repository, known.number, forge.login()) if known.number else None
    if live and boxes.ticked(live.body) - held(known, verdict.record).keys() and _is_told_soon(store, repository):
        _wait(store, known, SOON_SECONDS)
        return
    planned = plan(known, verdict.record, _text(store, client, repository, verdict, known), live)
    is_quiet = settings.config.report.comment == "never"
    with store.atomic():
        if posted.load(store, repository.id) == known:  # else a box was ticked meanwhile: once more, then
            _write(store, repository, verdict, planned, is_quiet)


def _text(store: Store, client: Client, repository: Repository, verdict: VerdictRow, known: Posted) -> IssueText:
    text = issue(verdict.record)
    notes = {}
    for name, box in held(known, verdict.record).items():
        notes[name] = _note(store, client, repository, box.letter) if box.letter else box.text
    return replace(text, body=boxes.written(text.body, notes))


def _note(store: Store, client: Client, repository: Repository, key: str) -> str:
    row = store.db.execute("SELECT state, remote_id FROM outbox WHERE key = ?", [key]).fetchone()
    state, number = row if row else ("dead", None)
    if state == "sent" and number:
        return texts.link(number, page_of(client, repository.name, number))
    return "its pull request could not be opened: `switchover switch` does it by hand" if state == "dead" else ""


def _write(store: Store, repository: Repository, verdict: VerdictRow, planned: Plan, is_quiet: bool) -> None:
    saved = replace(planned.posted, seq=verdict.seq, again=False, due_at=0.0)
    for letter in _letters(repository, verdict, planned, is_quiet):
        outbox.put(store, letter)
        is_new = letter.kind == "issue"
        saved = replace(saved, revision=planned.posted.revision + 1, letter=letter.key if is_new else saved.letter)
    posted.save(store, saved)


def _letters(repository: Repository, verdict: VerdictRow, planned: Plan, is_quiet: bool) -> Iterator[Letter]:
    there = (repository.installation or 0, repository.id)
    if planned.create:
        yield issues.create(letter_key(planned.posted, "issue"), *there, planned.create.title, planned.create.body)
    number = planned.posted.number
    if number is None:
        return
    if planned.edit:
        title = {"title": planned.edit.title} if planned.edit.title else {}
        changes = {**title, **(planned.changes or {})}
        yield issues.edit(letter_key(planned.posted, "edit"), *there, number, planned.edit.body, changes)
    if planned.is_news and not is_quiet:
        yield posting.comment(letter_key(planned.posted, "news"), *there, number, texts.news(verdict.record))


def _is_told_soon(store: Store, repository: Repository) -> bool:
    query = "SELECT 1 FROM deliveries WHERE repo_id = ? AND event = 'issues' AND state IN ('waiting', 'running')"
    return store.db.execute(query, [repository.id]).fetchone() is not None


def _wait(store: Store, known: Posted, seconds: float) -> None:
    with store.atomic():
        posted.save(store, replace(posted.load(store, known.repo_id), due_at=time.time() + seconds))
