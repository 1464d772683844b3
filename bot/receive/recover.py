"""Deliveries that never reached us, found in GitHub's own list and taken in once.

    list, newest first, back to the last recovery ─▶ less the GUIDs of our table ─▶ less what nobody
    handles ─▶ payload of each, oldest first ─▶ the table, as ``recovered``

Compared by GUID, not by status: so failed, timed-out (status 0) and never-sent ones are all found,
and one that was delivered again, under the same GUID, is not. GitHub gives the payload as parsed
JSON: the stored body is that JSON written anew, not the bytes that were signed.
"""

from __future__ import annotations

import datetime
import itertools
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.errors import NotFound
from bot.receive import inbox, webhook
from bot.receive.webhook import Arrival
from bot.wire.client import Client
from pipeline.store import Store

log = logging.getLogger(__name__)

EVERY = 600.0
"""Seconds between two recoveries."""

KEPT = 3 * 86400.0
"""Seconds for which GitHub keeps deliveries."""

OVERLAP = 900.0
"""Seconds that each recovery looks back beyond the last: a delivery is listed when it ends, not when it begins."""

CHUNK = 50
"""Payloads that are fetched before they are committed."""

CLOCKS_APART = 120.0
"""Seconds by which GitHub's clock and ours may differ; a larger difference fails at the App's own token."""

LIST = "/app/hook/deliveries"
PAGE = 100
MARK = "recovered"

Handled = Callable[[str, str | None], bool]


@dataclass(frozen=True)
class Recovered:
    """What one recovery did."""

    listed: int
    """GUIDs that GitHub listed."""
    missing: int
    """GUIDs of handled events that were not in the table."""
    taken_in: int
    """How many of them are now; the others' payloads GitHub no longer has."""
    gap: bool
    """The list does not reach back to the last recovery: something may be lost that it cannot tell."""


@dataclass(frozen=True)
class _Missing:
    id: int
    guid: str
    event: str


def recover(store: Store, app: Client, handled: Handled, now: float | None = None) -> Recovered:
    """Take in what is missing. May raise any of bot.errors; what was taken in by then stays.

    ``app`` is the App itself. On the first run ever the list is read to its end, and there is no gap.
    """
    began = time.time() if now is None else now
    last = _last(store)
    since = max(last or 0.0, began - KEPT) - OVERLAP
    proof = None if last is None else _oldest_known(store, since, began)
    listed, missing = _compare(store, app, since, handled)
    taken = _take_in(store, app, list(missing.values())[::-1])
    gap = last is not None and (began - last > KEPT or (proof is not None and proof not in listed))
    with store.atomic():
        store.db.execute("INSERT OR REPLACE INTO marks (name, value) VALUES (?, ?)", [MARK, _iso(began)])
    return Recovered(len(listed), len(missing), taken, gap or taken < len(missing))


def _oldest_known(store: Store, since: float, now: float) -> str | None:
    """GUID of the first delivery that reached us after ``since``: a list that reaches back so far holds it."""
    query = "SELECT guid FROM deliveries WHERE source = 'webhook' AND received_at BETWEEN ? AND ? ORDER BY id LIMIT 1"
    row = store.db.execute(query, [_iso(since + CLOCKS_APART), _iso(now - CLOCKS_APART)]).fetchone()
    return None if row is None else str(row[0])


def _compare(store: Store, app: Client, since: float, handled: Handled) -> tuple[set[str], dict[str, _Missing]]:
    """GUIDs of the list, and by GUID what is missing, newest first."""
    items = itertools.takewhile(lambda item: _seconds(item.get("delivered_at")) >= since, app.pages(LIST))
    listed: set[str] = set()
    missing: dict[str, _Missing] = {}
    while page := list(itertools.islice(items, PAGE)):
        here = {str(item["guid"]): item for item in page}
        listed |= here.keys()
        known = _known(store, list(here))
        for guid, item in here.items():
            if guid not in known and handled(str(item["event"]), item.get("action")):
                missing[guid] = _Missing(int(item["id"]), guid, str(item["event"]))
    return listed, missing


def _known(store: Store, guids: list[str]) -> set[str]:
    query = "SELECT guid FROM deliveries WHERE guid IN (SELECT value FROM json_each(?))"
    return {row["guid"] for row in store.db.query(query, [json.dumps(guids)])}


def _take_in(store: Store, app: Client, missing: list[_Missing]) -> int:
    taken = 0
    for start in range(0, len(missing), CHUNK):
        arrivals = [arrival for one in missing[start : start + CHUNK] if (arrival := _fetch(app, one))]
        with store.atomic():
            inbox.insert(store.db.conn, arrivals, source="recovered")
        taken += len(arrivals)
    return taken


def _fetch(app: Client, missing: _Missing) -> Arrival | None:
    """The delivery as the receiver would have stored it; None when GitHub no longer has it, or it is odd."""
    try:
        payload = app.get(f"{LIST}/{missing.id}").data["request"]["payload"]
        body = json.dumps(payload, separators=(",", ":")).encode()
        return webhook.read(missing.guid, missing.event, body)
    except (NotFound, webhook.BadDelivery, KeyError, TypeError) as error:
        log.warning("delivery %s (%s) cannot be recovered: %s", missing.guid, missing.event, error)
        return None


def _last(store: Store) -> float | None:
    row = store.db.execute("SELECT value FROM marks WHERE name = ?", [MARK]).fetchone()
    return None if row is None else _seconds(row[0])


def _seconds(time: Any) -> float:
    """Since 1970; 0 for what is no ISO time."""
    try:
        return datetime.datetime.fromisoformat(time).timestamp()
    except (TypeError, ValueError):
        return 0.0


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
