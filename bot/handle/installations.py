"""What an installation of the App grants, as the forge says now, and the tables brought to it.

The one owner of ``installations.state``, and of ``repositories.state`` but for ``deleted``.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import NotFound, Suspended
from bot.github import Forge
from pipeline.store import Store


@dataclass(frozen=True)
class Granted:
    """A repository that an installation may see."""

    id: int
    name: str
    private: bool
    default_branch: str | None


@dataclass(frozen=True)
class Installation:
    """The truth about one installation, at the time it was read."""

    id: int
    account: str
    account_type: str
    suspended: bool
    permissions: Mapping[str, str]
    repositories: tuple[Granted, ...]
    """() while it is suspended: then nothing can be listed."""


def read(forge: Forge, id: int) -> Installation | None:
    """Ask the forge; None when the installation is gone. May raise any other of bot.errors."""
    try:
        return _with_repositories(forge, forge.app().get(f"/app/installations/{id}").data)
    except NotFound:
        return None


def _with_repositories(forge: Forge, data: Mapping[str, Any]) -> Installation:
    """The installation that ``data`` describes, with its list of repositories."""
    suspended = bool(data.get("suspended_at"))
    listed: tuple[Granted, ...] = ()
    if not suspended:
        try:
            items = forge.installation(data["id"]).pages("/installation/repositories", key="repositories")
            listed = tuple(_granted(item) for item in items)
        except Suspended:
            suspended = True
    account = data.get("account") or {}
    return Installation(
        data["id"],
        account.get("login") or account.get("slug") or "unknown",
        account.get("type") or data.get("target_type") or "unknown",
        suspended,
        data.get("permissions") or {},
        listed,
    )


def _granted(item: Mapping[str, Any]) -> Granted:
    return Granted(item["id"], item["full_name"], bool(item.get("private", True)), item.get("default_branch"))


def save(store: Store, found: Installation, catch_up: bool = False) -> None:
    """Bring the tables to what was read, inside the caller's transaction.

    ``catch_up``: something may have happened unseen, so collect what is newer than each
    repository's watermark. Repositories that come back, or had failed, are caught up in any case.
    """
    before = store.db.execute("SELECT state FROM installations WHERE id = ?", [found.id]).fetchone()
    _save_row(store, found)
    if found.suspended:
        return
    anew = catch_up or (before is not None and before[0] != "active")
    back = [granted.id for granted in found.repositories if _save_repository(store, found.id, granted)]
    _drop_others(store, found)
    mark_for_catch_up(store, [granted.id for granted in found.repositories] if anew else back)


def save_gone(store: Store, id: int) -> None:
    """The App was uninstalled: nothing of it can be read any more. What was collected stays, until ``forget``."""
    now = _now()
    store.db.execute("UPDATE installations SET state = 'removed', updated_at = ? WHERE id = ?", [now, id])
    store.db.execute(
        "UPDATE repositories SET state = 'removed', updated_at = ? WHERE installation = ? AND state = 'active'",
        [now, id],
    )


def save_suspended(store: Store, id: int, error: str) -> None:
    """Learnt from a refusal: the forge's own word for it has not come, or not yet."""
    store.db.execute(
        "UPDATE installations SET state = 'suspended', error = ?, updated_at = ? WHERE id = ?", [error, _now(), id]
    )


def save_missing_permission(store: Store, id: int, error: str) -> None:
    """Show with the installation what could not be done; gone once it is read anew."""
    store.db.execute("UPDATE installations SET error = ?, updated_at = ? WHERE id = ?", [error, _now(), id])


def known_ids(store: Store) -> set[int]:
    """Installations that the table does not hold to be removed."""
    return {row["id"] for row in store.db.query("SELECT id FROM installations WHERE state <> 'removed'")}


def mark_for_catch_up(store: Store, ids: Iterable[int] | None = None) -> None:
    """Let the collecting thread look for what is newer than the watermark, in ``ids`` or (None) wherever it may.

    A repository whose first collection is still under way needs nothing: that ends with a catch-up.
    """
    store.db.execute(
        "UPDATE repositories SET backfill = 'waiting', due_at = 0, tries = 0, updated_at = ?1"
        " WHERE state = 'active' AND installation IS NOT NULL AND backfill IN ('done', 'failed')"
        " AND (?2 IS NULL OR id IN (SELECT value FROM json_each(?2)))",
        [_now(), None if ids is None else json.dumps(list(ids))],
    )


def _save_row(store: Store, found: Installation) -> None:
    state = "suspended" if found.suspended else "active"
    store.db.execute(
        "INSERT INTO installations (id, account, account_type, state, permissions, error, updated_at)"
        " VALUES (?, ?, ?, ?, ?, NULL, ?) ON CONFLICT (id) DO UPDATE SET account = excluded.account,"
        " account_type = excluded.account_type, state = excluded.state, permissions = excluded.permissions,"
        " error = NULL, updated_at = excluded.updated_at",
        [found.id, found.account, found.account_type, state, json.dumps(dict(found.permissions)), _now()],
    )


def _save_repository(store: Store, installation: int, granted: Granted) -> bool:
    """Whether it had been out of reach, or its collection had been given up."""
    known = store.repository(granted.id)
    store.save_repository(granted.id, granted.name, installation, granted.private, granted.default_branch)
    return known is not None and (known.state != "active" or known.backfill == "failed")


def _drop_others(store: Store, found: Installation) -> None:
    kept = json.dumps([granted.id for granted in found.repositories])
    store.db.execute(
        "UPDATE repositories SET state = 'removed', updated_at = ? WHERE installation = ? AND state = 'active'"
        " AND id NOT IN (SELECT value FROM json_each(?))",
        [_now(), found.id, kept],
    )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
