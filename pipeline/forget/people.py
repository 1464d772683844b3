"""A person out of every table: what is theirs goes, in what others wrote their name does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from pipeline.errors import InputError
from pipeline.forget.subject import Purged, Subject, change, clear_bodies, rows
from pipeline.forgotten import AUTHOR, Forgotten, fingerprint
from pipeline.store import Store

_TEXTS = {
    "pulls": ("title", "body", "commit_text"),
    "forge_pulls": ("title", "body"),
    "issues": ("title", "body"),
}
"""Columns that hold what people wrote."""


def subject(store: Store, name: str) -> Subject:
    """A login, or a name as a plain history has it, and where something is theirs."""
    alone = Forgotten("", frozenset([fingerprint("", name)]))
    found = {repo for table, columns in _TEXTS.items() for repo in _places(store, table, columns, alone)}
    return Subject(name, "person", tuple(sorted(found)))


def purge(store: Store, subject: Subject) -> Purged:
    """All that is theirs; doing it again changes nothing. Raises InputError when there is nothing."""
    with store.atomic():
        was_known = store.forgotten().is_person(subject.name)
        store.remember_forgotten_person(subject.name)
        forgotten = store.forgotten()
        blanked = _blank_titles(store, forgotten)
        removed = _remove(store, forgotten)
        cleaned = {table: _rewrite(store, table, columns, forgotten.text) for table, columns in _TEXTS.items()}
        cleaned["outbox"] = _rewrite(store, "outbox", ("body",), forgotten.text)
        cleaned["left_out"] = _rewrite(store, "left_out", ("detail",), forgotten.detail)
        cleaned["evaluations"] = blanked + _rewrite(store, "evaluations", ("row",), lambda row: _titled(row, forgotten))
        removed["opinions"] = _remove_opinions(store, forgotten)
        cleaned["opinions"] = _rewrite(store, "opinions", ("reason",), forgotten.text)
        cleaned["routes"] = _unname(store, forgotten)
        cleaned["deliveries"] = _clear_deliveries(store, subject)
        if not was_known and not any((*removed.values(), *cleaned.values())):
            raise InputError(f"{subject.name}: nothing known of this login in {store.path}; check how it is written")
    return Purged(removed, cleaned, notes=tuple(_notes(store, subject.name)))


def _places(store: Store, table: str, columns: Iterable[str], forgotten: Forgotten) -> Iterator[str]:
    for repo, author, *texts in rows(store, f"SELECT repo, author, {', '.join(columns)} FROM {table}"):  # noqa: S608
        if forgotten.is_person(author) or any(forgotten.text(text) != text for text in texts):
            yield repo


def _remove(store: Store, forgotten: Forgotten) -> dict[str, int]:
    pulls = [pull for pull in store.pulls() if forgotten.is_person(pull.author)]
    store.save_pulls(pulls)  # which refuses them now, takes them out and says why
    told = 0
    for (repo,) in rows(store, "SELECT DISTINCT repo FROM forge_pulls"):
        theirs = [pull for pull in store.forge_pulls(repo) if forgotten.is_person(pull.author)]
        told += store.save_forge_pulls(repo, theirs)
    issues = [id for id, author in rows(store, "SELECT rowid, author FROM issues") if forgotten.is_person(author)]
    for id in issues:
        change(store, "DELETE FROM issues WHERE rowid = ?", id)
    return {"pulls": len(pulls), "forge_pulls": told, "issues": len(issues)}


def _remove_opinions(store: Store, forgotten: Forgotten) -> int:
    theirs = [id for id, login in rows(store, "SELECT rowid, login FROM opinions") if forgotten.is_person(login)]
    return sum(change(store, "DELETE FROM opinions WHERE rowid = ?", id) for id in theirs)


def _blank_titles(store: Store, forgotten: Forgotten) -> int:
    """Grades of models on a pull request of theirs stay, as numbers; before ``_remove``, which forgets whose it was."""
    both = "SELECT repo, number, author FROM pulls UNION SELECT repo, number, author FROM forge_pulls"
    theirs = [(repo, number) for repo, number, author in rows(store, both) if forgotten.is_person(author)]
    blank = (
        "UPDATE evaluations SET row = json_set(row, '$.title', '')"
        " WHERE repo = ? AND number = ? AND json_extract(row, '$.title') <> ''"
    )
    return sum(change(store, blank, *key) for key in theirs)


def _titled(row: str, forgotten: Forgotten) -> str:
    values = json.loads(row)
    title = forgotten.text(values["title"])
    return row if title == values["title"] else json.dumps({**values, "title": title})


def _rewrite(store: Store, table: str, columns: Iterable[str], clean: Callable[[str], str]) -> int:
    names = tuple(columns)
    count = 0
    for id, *texts in rows(store, f"SELECT rowid, {', '.join(names)} FROM {table}"):  # noqa: S608
        cleaned = [clean(text) for text in texts]
        if cleaned != texts:
            sets = ", ".join(f"{name} = ?" for name in names)
            count += change(store, f"UPDATE {table} SET {sets} WHERE rowid = ?", *cleaned, id)  # noqa: S608
    return count


def _unname(store: Store, forgotten: Forgotten) -> int:
    """Who has set a route."""
    theirs = [id for id, by in rows(store, "SELECT id, by FROM routes WHERE by IS NOT NULL") if forgotten.is_person(by)]
    return sum(change(store, "UPDATE routes SET by = ? WHERE id = ?", AUTHOR, id) for id in theirs)


def _clear_deliveries(store: Store, subject: Subject) -> int:
    """Bodies with the name anywhere in them, and notes of what came of a delivery."""
    found = [
        (id, body is not None)
        for id, body, error in store.db.conn.execute("SELECT id, body, error FROM deliveries")
        if subject.is_named_in(body or b"") or subject.is_named_in((error or "").encode())
    ]
    for id, _ in found:
        change(store, "UPDATE deliveries SET error = NULL WHERE id = ?", id)
    clear_bodies(store, [id for id, has_body in found if has_body])
    return len(found)


def _notes(store: Store, name: str) -> Iterator[str]:
    query = "SELECT 1 FROM installations WHERE account = ? COLLATE NOCASE AND state <> 'removed'"
    if rows(store, query, name):
        yield f"the App is installed on the account {name}: its owner can uninstall it on GitHub"
    for repo in store.repositories():
        if repo.name.lower().startswith(f"{name.lower()}/") and repo.state != "forgotten":
            yield f"{repo.name} is a repository of that account: purge it by its own name"
