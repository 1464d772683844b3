"""A repository out of every table. Its row stays, empty: else the App would collect it anew."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import InputError
from pipeline.forget.subject import CLEARED, Purged, Subject, change, clear_bodies, rows
from pipeline.store import Store
from pipeline.store.forge import NAMED_BY
from pipeline.store.forgotten import REPOSITORY


def subject(store: Store, name: str) -> Subject:
    """``owner/name``, letter case aside, also one that was purged before. Raises InputError when it is not known."""
    name = _as_written(store, name)
    return Subject(name, "repository", (name,))


def purge(store: Store, subject: Subject) -> Purged:
    """All rows of it; doing it again changes nothing."""
    name = subject.name
    with store.atomic():
        known = store.repository_named(name)
        clone = store.repos().get(name)
        id = known.id if known else _remembered_id(store, name)
        store.remember_forgotten_repository(name, id)
        removed = {
            table: change(store, f"DELETE FROM {table} WHERE {column} = ? COLLATE NOCASE", name)  # noqa: S608
            for table, column in NAMED_BY.items()
        }
        cleaned = {}
        if id is not None:
            removed["outbox"] = change(store, "DELETE FROM outbox WHERE repo_id = ?", id)
            change(store, "DELETE FROM transitions WHERE repo_id = ?", id)
            change(store, "DELETE FROM runs WHERE repo_id = ?", id)
            change(store, "DELETE FROM evaluated WHERE repo_id = ?", id)
            change(store, "DELETE FROM digests WHERE repo_id = ?", id)
            with_body = rows(store, "SELECT id FROM deliveries WHERE repo_id = ? AND body IS NOT NULL", id)
            cleaned["deliveries"] = clear_bodies(store, [row[0] for row in with_body])
            change(store, "UPDATE deliveries SET error = NULL WHERE repo_id = ? AND error <> ?", id, CLEARED)
        if known:
            _entomb(store, known.id)
    notes = [_of_the_app(name)] if known and known.installation else []
    notes += [_of_the_clone(clone)] if clone and clone.parent.name != f"{store.path.name}.mirrors" else []
    return Purged(removed, cleaned, (id,) if id is not None else (), tuple(notes))


def wake(store: Store, name: str) -> None:
    """One that is let in again is collected from the start, if the App may still see it."""
    query = (
        "UPDATE repositories SET state = CASE WHEN installation IS NULL THEN 'removed' ELSE 'active' END"
        " WHERE state = 'forgotten' AND name = ? COLLATE NOCASE"
    )
    change(store, query, name)


def _as_written(store: Store, name: str) -> str:
    known = store.repository_named(name)
    if known:
        return known.name
    for table, column in NAMED_BY.items():
        query = f"SELECT {column} FROM {table} WHERE {column} = ? COLLATE NOCASE LIMIT 1"  # noqa: S608
        if found := rows(store, query, name):
            return str(found[0][0])
    if store.forgotten().is_repository(name):
        return name
    raise InputError(f"{name}: nothing known of this repository in {store.path}; check how it is written")


def _remembered_id(store: Store, name: str) -> int | None:
    found = rows(store, "SELECT repo_id FROM forgotten WHERE kind = ? AND mark = ?", REPOSITORY, name.lower())
    return found[0][0] if found else None


def _entomb(store: Store, id: int) -> None:
    store.change_repository(
        id, state="forgotten", watermark=None, cursor=None, total=None, seen=0, calls=0, dirty=0, tries=0, due_at=0,
        backfill="waiting", started_at=None, configured=0, config_error=None, error=None, default_branch=None,
    )  # fmt: skip


def _of_the_app(name: str) -> str:
    return (
        f"while the App may see {name}, GitHub sends its events, which are thrown away: take it out of the installation"
    )


def _of_the_clone(clone: Path) -> str:
    return f"{clone} is a clone of your own: delete it by hand"
