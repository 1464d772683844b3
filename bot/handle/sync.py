"""All installations looked at anew: at start, and once a day.

Each becomes a delivery of our own, so that it takes its turn among those that GitHub sends about the
same installation, is tried again when it fails, and is seen on the page.
"""

from __future__ import annotations

import json
import time

from bot.handle import installations
from bot.receive import inbox
from bot.receive.webhook import Arrival
from bot.wire.client import Client
from pipeline.store import Store

EVERY = 86_400.0
"""Seconds between two of them."""

ACTION = "sync"


def sync(store: Store, app: Client) -> int:
    """Ask for the list and put each installation, also those that are no longer in it, into the table; how many.

    ``app`` is the App itself. May raise any of bot.errors.
    """
    listed = {int(item["id"]) for item in app.pages("/app/installations")}
    with store.atomic():
        wanted = sorted((listed | installations.known_ids(store)) - _waiting(store))
        now = int(time.time())
        return inbox.insert(store.db.conn, [_arrival(id, now) for id in wanted], source=ACTION)


def _waiting(store: Store) -> set[int]:
    query = "SELECT installation FROM deliveries WHERE state = 'waiting' AND event = 'installation' AND action = ?"
    return {row["installation"] for row in store.db.query(query, [ACTION])}


def _arrival(id: int, now: int) -> Arrival:
    body = json.dumps({"action": ACTION, "installation": {"id": id}}).encode()
    return Arrival(f"sync-{id}-{now}", "installation", ACTION, id, None, body)
