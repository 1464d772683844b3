"""Who finds the scores of a comment fair or unfair: asked for, since GitHub sends no event for a reaction.

Bounded: a comment of the last day is asked about once an hour, one of the last two weeks once a day,
an older one never; that is at most 37 reads for each pull request, each of the first hundred reactions.
Whether somebody may write to the repository is asked once for each person, MOST_ASKED at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

from bot.errors import BadCredentials, GitHubError, Limited, NotFound
from bot.evaluated import posted
from bot.evaluated.due import RECENT_DAYS
from bot.evaluated.posted import Posted
from bot.github import Forge
from bot.handle.people import may_write
from bot.wire.client import Client
from pipeline.store import Store
from pipeline.store.opinions import Said, Saying, reactions, save_reactions
from pipeline.types import Repository

log = logging.getLogger(__name__)

DAY, HOUR = 86_400.0, 3_600.0

MOST_ASKED = 20
"""People whose permission is asked for at one look; the others' at the next."""

SAYINGS: dict[str, Saying] = {"+1": "fair", "-1": "unfair"}

_DUE = """
SELECT v.repo_id, v.number FROM evaluated v
JOIN repositories r ON r.id = v.repo_id JOIN installations i ON i.id = r.installation
LEFT JOIN outbox o ON o.key = v.comment_letter AND o.state = 'sent'
WHERE r.state = 'active' AND i.state = 'active' AND r.configured <> 0 AND r.paused = 0
AND v.gone = 0 AND (v.comment IS NOT NULL OR o.remote_id IS NOT NULL) AND v.posted_at >= :now - :days * 86400.0
AND v.polled_at <= :now - CASE WHEN v.posted_at >= :now - 86400.0 THEN 3600.0 ELSE 86400.0 END
ORDER BY v.polled_at, v.repo_id, v.number LIMIT 1
"""


def step(store: Store, forge: Forge, now: float | None = None) -> float | None:
    """Ask about one comment. 0: look for another; None: none is due. Raises BadCredentials and Limited."""
    now = time.time() if now is None else now
    row = next(iter(store.db.query(_DUE, {"now": now, "days": RECENT_DAYS})), None)
    repository = store.repository(row["repo_id"]) if row else None
    if row is None or repository is None:
        return None
    known = posted.load(store, repository.id, row["number"])
    try:
        found = _asked(forge.installation(repository.installation or 0), store, repository, known)
    except (BadCredentials, Limited):
        raise
    except NotFound:
        _save(store, repository, known, None, now, gone=_is_there(forge, repository, known.number))
    except Exception as error:  # of this comment alone: the others must not wait for it
        unknown = not isinstance(error, GitHubError)
        log.warning("%s#%d: its reactions wait: %s", repository.name, known.number, error, exc_info=unknown)
        _save(store, repository, known, None, now)
    else:
        _save(store, repository, known, found, now)
    return 0.0


def _asked(client: Client, store: Store, repository: Repository, known: Posted) -> dict[str, Said]:
    path = f"/repos/{repository.name}/issues/comments/{known.comment}/reactions"
    said = dict(_sayings(client.get(path, per_page=100).data))
    before = reactions(store, repository.name, known.number)
    new = [login for login in said if login not in before][:MOST_ASKED]
    counts = {login: before[login].counts for login in said if login in before}
    counts |= {login: may_write(client, repository, login) for login in new}
    return {login: Said(saying, counts[login]) for login, saying in said.items() if login in counts}


def _is_there(forge: Forge, repository: Repository, number: int) -> bool:
    """Whether the pull request can be read: then it is the comment that a person has deleted."""
    try:
        forge.installation(repository.installation or 0).get(f"/repos/{repository.name}/issues/{number}")
    except GitHubError:
        return False
    return True


def _sayings(rows: list[dict[str, object]]) -> Iterator[tuple[str, Saying]]:
    """By person, of those who have said one thing; whoever has given both says nothing, and bots never do."""
    found: dict[str, set[Saying]] = {}
    for row in rows:
        user, saying = row.get("user"), SAYINGS.get(str(row.get("content")))
        login = user.get("login") if isinstance(user, dict) else None
        if saying and isinstance(login, str) and login and not login.endswith("[bot]"):
            found.setdefault(login, set()).add(saying)
    yield from ((login, said.pop()) for login, said in found.items() if len(said) == 1)


def _save(
    store: Store, repository: Repository, known: Posted, found: dict[str, Said] | None, now: float, gone: bool = False
) -> None:
    with store.atomic():
        changed = found is not None and save_reactions(store, repository.name, known.number, found)
        row = posted.load(store, repository.id, known.number)
        posted.save(store, replace(row, polled_at=now, gone=row.gone or gone, again=row.again or changed))
