"""Who serves the team according to the config on the default branch: noted when a push has changed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import NotFound
from bot.handle.events import Event
from bot.transition.routing import current
from bot.wire.client import Client
from pipeline.store import Store
from pipeline.store.verdicts import How
from pipeline.types import Repository


@dataclass(frozen=True)
class Found:
    """A route, and how it came about."""

    repo_id: int
    route: str
    by: str | None
    how: How
    at: str | None
    """When its pull request was merged; None: just now."""

    def save(self, store: Store) -> None:
        """Inside the caller's transaction. Frontier before anything was recorded is the state of nature, no change."""
        known = store.repository(self.repo_id)
        if known and (self.route != "frontier" or store.route(known.name)):
            store.add_route(known.name, self.route, by=self.by, how=self.how, at=self.at)


def found_route(client: Client, store: Store, repository: Repository, event: Event) -> Found | None:
    """What the config says after the push of ``event``; None where it says nothing that holds. Asks the forge."""
    route = current(client, repository.name, event.default_branch or repository.default_branch or "main")
    if route is None:
        return None
    pull = _merged(client, store, repository, route, event)
    if pull is None:
        return Found(repository.id, route, event.login, "config", None)
    return Found(repository.id, route, (pull.get("merged_by") or {}).get("login"), "pull", pull["merged_at"])


def _merged(client: Client, store: Store, repository: Repository, route: str, event: Event) -> Mapping[str, Any] | None:
    """Our own pull request, where its merge is what was pushed."""
    query = (
        "SELECT remote_id FROM outbox WHERE repo_id = ? AND kind = 'route' AND state = 'sent' AND remote_id IS NOT NULL"
        " AND json_extract(target, '$.route') = ? ORDER BY rowid DESC LIMIT 1"
    )
    for row in store.db.query(query, [repository.id, route]):
        try:
            pull: Mapping[str, Any] = client.get(f"/repos/{repository.name}/pulls/{row['remote_id']}").data
        except NotFound:
            return None
        return pull if pull["merged_at"] and pull["merge_commit_sha"] == event.head else None
    return None
