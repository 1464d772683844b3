"""The deliveries table from the worker's side.

    waiting ──claim──▶ running ──┬──▶ done     (``error`` is a note, or NULL)
       ▲  ▲                      ├──▶ waiting  (``retry``: due later; ``put_back``: as if not tried)
       │  └──────────────────────┘
       │                         └──▶ dead     (``bury``: ``error`` says why)
       └──replay── done, ignored or dead, while the body is kept

``done`` and ``put_back`` write inside the caller's transaction; all others are one of their own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.errors import InputError
from pipeline.store import Store

DELAYS = (5, 30, 120, 600, 3600)
"""Seconds to wait after the first, second, ... try; the last holds for all further ones."""

MOST_TRIES = 8
PATIENCE = 3
"""Killed workers' tries after which a delivery has to wait: it may be the one that kills them."""

PURGE_BATCH = 500
_WINDOW = 200
"""Deliveries to look at for a free one."""

_random = random.SystemRandom()


@dataclass(frozen=True)
class Delivery:
    """A delivery that is being worked on."""

    id: int
    """Row in the table: the order in which they came in."""
    guid: str
    event: str
    action: str | None
    installation: int | None
    repo_id: int | None
    """None for what concerns the whole installation."""
    tries: int
    """This one included: 1 or more."""
    body: bytes | None
    """As it was signed; None once it is purged."""


@dataclass(frozen=True)
class Replayed:
    """What a ``replay`` did."""

    waiting: int
    """Set to be worked on again."""
    without_body: int
    """Purged since: these cannot be."""


def claim(store: Store, limit: int, now: float | None = None) -> list[Delivery]:
    """At most ``limit`` waiting deliveries that are due, oldest first, now running. [] when none is free.

    Not free is one whose repository another thread works on; and where one concerns the whole
    installation (``repo_id`` NULL), it waits for the installation's others, and later ones for it.
    All of one claim are meant for one thread, which works on them in this order.
    """
    with store.atomic():
        running = list(store.db.query("SELECT installation, repo_id FROM deliveries WHERE state = 'running'"))
        busy = sorted({row["repo_id"] for row in running if row["repo_id"] is not None})
        found = store.db.query(
            "SELECT id, installation, repo_id FROM deliveries INDEXED BY deliveries_state"  # noqa: S608
            " WHERE state = 'waiting' AND due_at <= ?"
            f" AND (repo_id IS NULL OR repo_id NOT IN ({_marks(busy)})) ORDER BY id LIMIT ?",
            [_now(now), *busy, max(limit, _WINDOW)],
        )
        taken = [row["id"] for row in _free(found, running)][:limit]
        return [_start(store, id) for id in taken]


def _free(rows: Iterable[dict[str, Any]], running: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    busy = {row["installation"] for row in running}
    shut = {row["installation"] for row in running if row["repo_id"] is None}
    for row in rows:
        if row["repo_id"] is None and row["installation"] in busy:
            shut.add(row["installation"])
        if row["installation"] not in shut:
            yield row


def _start(store: Store, id: int) -> Delivery:
    row = store.db.execute(
        "UPDATE deliveries SET state = 'running', tries = tries + 1 WHERE id = ?"
        " RETURNING id, guid, event, action, installation, repo_id, tries, body",
        [id],
    ).fetchone()
    return Delivery(*row)


def next_due(store: Store) -> float | None:
    """When the next waiting delivery is due, in seconds since 1970; 0 for now; None when none waits."""
    query = "SELECT min(due_at) FROM deliveries WHERE state = 'waiting'"
    return store.db.execute(query).fetchone()[0]  # type: ignore[no-any-return]


def done(store: Store, delivery: Delivery, note: str | None = None) -> None:
    """Its effect is in the database, or it has none, which ``note`` then explains."""
    _finish(store, delivery.id, "done", note)


def ignore(store: Store, handled: Collection[str], after: int = 0) -> int:
    """Set every waiting delivery aside whose ``event`` or ``event.action`` is not in ``handled``.

    Looks at rows later than ``after``; returns the last row that there is, to be given the next time.
    """
    names = sorted(handled)
    with store.atomic():
        (last,) = store.db.execute("SELECT coalesce(max(id), 0) FROM deliveries").fetchone()
        if last > after:
            store.db.execute(
                "UPDATE deliveries SET state = 'ignored', finished_at = ? WHERE state = 'waiting'"  # noqa: S608
                f" AND id > ? AND event NOT IN ({_marks(names)})"
                f" AND event || '.' || coalesce(action, '') NOT IN ({_marks(names)})",
                [_iso(), after, *names, *names],
            )
        return int(last)


def retry(store: Store, delivery: Delivery, error: str, now: float | None = None) -> float | None:
    """Try again later, or bury it after MOST_TRIES. When it is due, in seconds since 1970; None once buried."""
    if delivery.tries >= MOST_TRIES:
        bury(store, delivery, f"{error}; given up after {delivery.tries} tries")
        return None
    due = _now(now) + delay(delivery.tries, _random.random())
    with store.atomic():
        store.db.execute(
            "UPDATE deliveries SET state = 'waiting', due_at = ?, error = ? WHERE id = ?", [due, error, delivery.id]
        )
    return due


def delay(tries: int, chance: float) -> float:
    """Seconds to wait after ``tries`` (from 1) of them: a fifth more or less, by ``chance`` in 0..1."""
    return DELAYS[min(tries, len(DELAYS)) - 1] * (0.8 + 0.4 * chance)


def put_back(store: Store, delivery: Delivery, due_at: float = 0, error: str | None = None) -> None:
    """Let it wait until ``due_at`` as if it had not been tried: the cause lies elsewhere (a limit, our key)."""
    with store.atomic():
        store.db.execute(
            "UPDATE deliveries SET state = 'waiting', tries = tries - 1, due_at = ?, error = ? WHERE id = ?",
            [due_at, error, delivery.id],
        )


def give_back(store: Store, claimed: Sequence[Delivery]) -> None:
    """Those of a claim that were not worked on, or whose end could not be written: as if not tried."""
    if claimed:
        with store.atomic():
            store.db.execute(
                "UPDATE deliveries SET state = 'waiting', tries = tries - 1"  # noqa: S608
                f" WHERE state = 'running' AND id IN ({_marks(claimed)})",
                [delivery.id for delivery in claimed],
            )


def hold(store: Store, delivery: Delivery, until: float, error: str) -> int:
    """Put back ``delivery`` until a rate limit opens, and those that wait beside it; how many these are.

    Beside it are those of the same event and installation: each would run into the same limit.
    """
    with store.atomic():
        put_back(store, delivery, until, error)
        return store.db.execute(
            "UPDATE deliveries SET due_at = ?"
            " WHERE state = 'waiting' AND event = ? AND installation = ? AND due_at < ?",
            [until, delivery.event, delivery.installation, until],
        ).rowcount


def bury(store: Store, delivery: Delivery, error: str) -> None:
    """Nothing more is tried until somebody replays it. ``error``: one line on why, and what to do."""
    with store.atomic():
        _finish(store, delivery.id, "dead", error)


def _finish(store: Store, id: int, state: str, error: str | None) -> None:
    store.db.execute(
        "UPDATE deliveries SET state = ?, error = ?, finished_at = ? WHERE id = ?", [state, error, _iso(), id]
    )


def requeue_running(store: Store, now: float | None = None) -> int:
    """Give back what a killed worker had claimed; how many. Call it before the first claim, under the lock.

    One that was on the desk of several killed workers waits as after a failure: perhaps it kills them.
    """
    with store.atomic():
        rows = list(store.db.query("SELECT id, tries FROM deliveries WHERE state = 'running'"))
        for row in rows:
            wait = delay(row["tries"] - PATIENCE, 0.5) if row["tries"] > PATIENCE else 0
            store.db.execute(
                "UPDATE deliveries SET state = 'waiting', due_at = ? WHERE id = ?",
                [_now(now) + wait if wait else 0, row["id"]],
            )
    return len(rows)


def replay(
    store: Store,
    guids: Sequence[str] = (),
    state: str | None = None,
    event: str | None = None,
    installation: int | None = None,
) -> Replayed:
    """Work again on finished deliveries that meet all that is given. Raises InputError when nothing is given.

    What they write a second time is the same row; what was posted is not posted again.
    """
    if not (guids or state or event or installation):
        raise InputError("replay: nothing is chosen; give delivery GUIDs, a state (dead, done, ignored) or an event")
    where, values = _chosen(guid=guids, state=[state], event=[event], installation=[installation])
    with store.atomic():
        query = f"SELECT count(*) FROM deliveries WHERE body IS NULL AND {where}"  # noqa: S608
        lost = store.db.execute(query, values).fetchone()[0]
        cursor = store.db.execute(
            "UPDATE deliveries SET state = 'waiting', tries = 0, due_at = 0, error = NULL, finished_at = NULL"  # noqa: S608
            f" WHERE body IS NOT NULL AND {where}",
            values,
        )
        return Replayed(cursor.rowcount, lost)


def _chosen(**columns: Sequence[Any]) -> tuple[str, list[Any]]:
    """A condition on finished deliveries: each column has one of its values, those without a value any."""
    where, values = ["state NOT IN ('waiting', 'running')"], []
    for column, wanted in columns.items():
        given = [value for value in wanted if value]
        if given:
            where.append(f"{column} IN ({_marks(given)})")
            values += given
    return " AND ".join(where), values


def purge(store: Store, keep_days: float, now: float | None = None) -> int:
    """Clear the bodies of finished deliveries older than ``keep_days``; how many. Small transactions.

    Those of a repository that was purged, and still sends, go at once.
    """
    limit = _iso(_now(now) - timedelta(days=keep_days).total_seconds())
    query = (
        "UPDATE deliveries SET body = NULL WHERE id IN (SELECT id FROM deliveries WHERE id > ?"
        " AND (received_at < ? OR repo_id IN (SELECT id FROM repositories WHERE state = 'forgotten'))"
        " AND body IS NOT NULL AND state NOT IN ('waiting', 'running') ORDER BY id LIMIT ?) RETURNING id"
    )
    last, purged = 0, 0
    while True:
        with store.atomic():
            ids = [id for (id,) in store.db.execute(query, [last, limit, PURGE_BATCH]).fetchall()]
        if not ids:
            return purged
        last, purged = max(ids), purged + len(ids)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _now(now: float | None) -> float:
    return time.time() if now is None else now


def _iso(at: float | None = None) -> str:
    return datetime.fromtimestamp(_now(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
