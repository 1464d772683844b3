"""What is to be written on the forge: rows of the table ``outbox``, each sent once.

    put, inside a Change ──> waiting ──> sent    ``remote_id`` names what was made
                                └──────> dead    ``error`` says why

A try is committed before its request: a row with tries may have been sent, whatever became of the
process, so what it writes is looked for before it is sent again.
"""

from __future__ import annotations

import datetime
import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.errors import BadCredentials, GitHubError, Limited, TooMuch, Unavailable
from bot.wire.answers import one_line
from bot.write import posting
from bot.write.posting import Letter, Search
from pipeline.store import Store

if TYPE_CHECKING:
    from bot.github import Forge  # brings PyGithub

log = logging.getLogger(__name__)

SPACING = 1.0
"""Seconds between two writes through one installation, as GitHub asks."""

MOST_TRIES = 10
"""Over about eight hours."""

SLACK = 300.0
"""Seconds by which the clock here may differ from GitHub's when something is looked for."""


_HELD = (
    "COALESCE(r.paused, 0) AND (o.key GLOB 'transition:*' OR o.key GLOB 'evaluated:*' OR o.key GLOB 'digest:*'"
    " OR o.key GLOB 'sealed:*')"
)
"""What waits while its repository is paused; answers to commands do not."""


def put(store: Store, letter: Letter, now: float | None = None) -> bool:
    """Have it sent, inside the caller's transaction; False when one with its key is known already."""
    names = "key, installation, repo_id, kind, target, body, state, created_at"
    created = _iso(time.time() if now is None else now)
    values = [letter.key, letter.installation, letter.repo_id, letter.kind, json.dumps(dict(letter.target))]
    cursor = store.db.execute(
        f"INSERT OR IGNORE INTO outbox ({names}) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)",  # noqa: S608
        [*values, letter.body, created],
    )
    return cursor.rowcount == 1


def count(store: Store, key: str) -> int:
    """Letters with ``key``, and with it, a colon and more, whatever became of them."""
    query = "SELECT count(*) FROM outbox WHERE key = ?1 OR (key >= ?1 || ':' AND key < ?1 || ';')"
    return int(store.db.execute(query, [key]).fetchone()[0])


def drop(store: Store, prefix: str, *, but: str) -> None:
    """Send nothing that waits under a key with ``prefix``, ``but`` one; inside the caller's transaction."""
    where = "state = 'waiting' AND substr(key, 1, length(?1)) = ?1 AND key <> ?2"
    store.db.execute(f"DELETE FROM outbox WHERE {where}", [prefix, but])  # noqa: S608


@dataclass(frozen=True)
class _Waiting:
    """A row that is due, and the repository as it stands now."""

    letter: Letter
    tries: int
    created_at: str
    name: str | None
    obstacle: str | None
    """Why it must not be sent; None when it may."""


class Sender:
    """Sends what is due, one at a time; keeps writes through one installation apart. One per database."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._wrote: dict[int, float] = {}

    def step(self, store: Store, forge: Forge) -> float | None:
        """Send one row. Seconds until the next is due (0: look again at once), None when none waits.

        Raises BadCredentials, and what nobody foresaw; the row then waits for another try.
        """
        row = self._next(store)
        if row is None:
            return self._pause(store)
        if row.obstacle or row.name is None:
            self._end(store, row, "dead", error=row.obstacle)
        else:
            self._try(store, forge, row, row.name)
        return 0.0

    def _try(self, store: Store, forge: Forge, row: _Waiting, name: str) -> None:
        with store.atomic():
            store.db.execute("UPDATE outbox SET tries = tries + 1 WHERE key = ?", [row.letter.key])
        try:
            remote = self._send(store, forge, row, name)
        except Limited as error:
            self._put_back(store, row, error, error.until)
        except BadCredentials as error:
            self._put_back(store, row, error, self._now() + 60)
            raise
        except (Unavailable, TooMuch) as error:
            self._later(store, row, error)
        except GitHubError as error:
            self._end(store, row, "dead", error=str(error))
        except Exception as error:
            self._later(store, row, error)
            raise
        else:
            self._end(store, row, "sent", remote)
        finally:
            self._wrote[row.letter.installation] = self._now()

    def _send(self, store: Store, forge: Forge, row: _Waiting, name: str) -> str | None:
        client = forge.installation(row.letter.installation)
        if row.tries or row.letter.kind in posting.LOOKED_FOR_AT_ONCE:
            search = Search(_earlier(row.created_at), forge.login(), _claimed(store, row.letter))
            found = posting.find(client, name, row.letter, search)
            if found:
                return found
        return posting.send(client, name, row.letter)

    def _next(self, store: Store) -> _Waiting | None:
        busy = [id for id, at in self._wrote.items() if at + SPACING > self._now()]
        query = (
            "SELECT o.*, r.name, r.state AS standing, r.configured, r.paused,"  # noqa: S608
            " COALESCE(r.installation, o.installation) AS through"
            " FROM outbox o LEFT JOIN repositories r ON r.id = o.repo_id"
            " WHERE o.state = 'waiting' AND o.due_at <= ?"
            f" AND NOT ({_HELD})"
            " AND through NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY o.due_at, o.rowid LIMIT 1"
        )
        for row in store.db.query(query, [self._now(), json.dumps(busy)]):
            return _waiting(row)
        return None

    def _pause(self, store: Store) -> float | None:
        query = (
            "SELECT COALESCE(r.installation, o.installation) AS through, min(o.due_at) AS due"  # noqa: S608
            " FROM outbox o LEFT JOIN repositories r ON r.id = o.repo_id"
            f" WHERE o.state = 'waiting' AND NOT ({_HELD}) GROUP BY through"
        )
        free = [max(row["due"], self._wrote.get(row["through"], 0.0) + SPACING) for row in store.db.query(query)]
        return max(min(free) - self._now(), 0.0) if free else None

    def _put_back(self, store: Store, row: _Waiting, error: GitHubError, until: float) -> None:
        """GitHub has refused to look at it, so it was not sent: this was no try."""
        with store.atomic():
            store.db.execute(
                "UPDATE outbox SET tries = ?, due_at = ?, error = ? WHERE key = ?",
                [row.tries, until, str(error), row.letter.key],
            )

    def _later(self, store: Store, row: _Waiting, error: Exception) -> None:
        tries = row.tries + 1
        if tries >= MOST_TRIES:
            self._end(store, row, "dead", error=f"given up after {tries} tries: {one_line(str(error))}")
            return
        wait = min(30.0 * 2.0 ** (tries - 1), 3600.0) * random.uniform(0.75, 1.25)  # noqa: S311
        log.warning("outbox %s: %s; again in %.0f s", row.letter.key, one_line(str(error)), wait)
        with store.atomic():
            store.db.execute(
                "UPDATE outbox SET due_at = ?, error = ? WHERE key = ?",
                [self._now() + wait, one_line(str(error)) or type(error).__name__, row.letter.key],
            )

    def _end(
        self, store: Store, row: _Waiting, state: str, remote: str | None = None, error: str | None = None
    ) -> None:
        if error:
            log.warning("outbox %s: not sent: %s", row.letter.key, error)
        with store.atomic():
            store.db.execute(
                "UPDATE outbox SET state = ?, remote_id = ?, error = ?, sent_at = ? WHERE key = ?",
                [state, remote, error, _iso(self._now()) if state == "sent" else None, row.letter.key],
            )


def _waiting(row: dict[str, Any]) -> _Waiting:
    letter = Letter(row["key"], row["through"], row["repo_id"], row["kind"], json.loads(row["target"]), row["body"])
    return _Waiting(letter, row["tries"], row["created_at"], row["name"], _obstacle(row))


def _obstacle(row: dict[str, Any]) -> str | None:
    if row["name"] is None:
        return f"repository {row['repo_id']} is not known here"
    if row["standing"] != "active":
        return f"{row['name']} is {row['standing']}: nothing is written there"
    if not row["configured"]:
        return f"{row['name']} has no .github/switchover.yml on its default branch: nothing is written there"
    if row["paused"] and row["kind"] == "dispatch":
        again = "give the command, or the label, again after '/switchover resume'"
        return f"{row['name']} was paused before it was started; {again}"
    if row["tries"] >= MOST_TRIES:
        return f"given up after {row['tries']} tries, each cut short; see the log for what stopped the worker"
    return None


def _claimed(store: Store, letter: Letter) -> frozenset[str]:
    query = "SELECT remote_id FROM outbox WHERE repo_id = ? AND kind = ? AND remote_id IS NOT NULL AND key <> ?"
    rows = store.db.execute(query, [letter.repo_id, letter.kind, letter.key])
    return frozenset(str(row[0]) for row in rows)


def _earlier(time_: str) -> str:
    return _iso(datetime.datetime.fromisoformat(time_).timestamp() - SLACK)


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
