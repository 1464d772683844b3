"""Purge a repository or a person: rows, raw deliveries, mirror, and what was made of them.

    traces   adapters that were trained on it are marked stale, files that hold it are found
    rows     out of the database's tables, in one transaction, with a mark that they stay out
    erase    the bytes out of the database's files, the mirror off the disk

Killed at any moment, the same call goes on. Not covered: clones and backups of the user's own, the
weights of an adapter, what was sent to a model's vendor, and what GitHub itself holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.adapters import Registry
from pipeline.errors import InputError
from pipeline.forget import erase, people, repositories, traces
from pipeline.forget.subject import Purged, Subject
from pipeline.forget.traces import Traces
from pipeline.store import Store

__all__ = ["Outcome", "forget", "let_in_again"]


@dataclass(frozen=True)
class Outcome:
    """What a call did, and what is left to do by hand."""

    subject: Subject
    purged: Purged
    mirrors: tuple[Path, ...]
    """Copies of the repository that were deleted."""
    traces: Traces
    registered: tuple[str, ...] = ()
    """Ids of the adapters in the registry that were trained on it, marked stale."""

    @property
    def notes(self) -> tuple[str, ...]:
        """One line each: what a person must do."""
        return (*self.purged.notes, *self.traces.notes)


def forget(
    name: str, db: Path, outs: Sequence[Path] = (), delete_files: bool = False, registry: Registry | None = None
) -> Outcome:
    """Purge ``name`` (``owner/name``, else a login) from ``db``; look for its traces below ``outs``.

    ``delete_files``: the files found there go too. ``registry``: its adapters are marked as well. Raises
    InputError when nothing is known of it, and for an unusable path; RunError while another process holds the
    database or the mirror.
    """
    _check(name)
    for out in outs:
        if not out.is_dir():
            raise InputError(f"{out}: no such folder; give the --out folder of a cycle, generate, train or evaluate")
    kind = repositories if "/" in name else people
    with Store.open(db, must_exist=True) as store:
        subject = kind.subject(store, name)
        found = traces.search(outs, subject, db)
        traces.mark_stale(found.adapters, subject)  # before the rows: afterwards nothing tells whose they were
        marked = registry.mark_stale(subject.repositories, traces.why_stale(subject)) if registry else []
        purged = kind.purge(store, subject)
        erase.bytes_of(store)
    mirrors = tuple(path for id in purged.ids for path in erase.mirror(db, id))
    traced = traces.deleted(found) if delete_files else found
    return Outcome(subject, purged, mirrors, traced, tuple(entry.id for entry in marked))


def let_in_again(name: str, db: Path) -> None:
    """Take ``name`` off the list of what was purged: what is collected from then on stays. Raises InputError."""
    _check(name)
    with Store.open(db, must_exist=True) as store, store.atomic():
        if not store.let_in_again(name):
            raise InputError(f"{name}: was not purged from {db}, so there is nothing to undo")
        repositories.wake(store, name)


def _check(name: str) -> None:
    """An empty name would be everybody's."""
    if not re.fullmatch(r"[^\s/](?:[^\n\r]{0,200}[^\s/])?", name):
        raise InputError(f"{name!r}: neither OWNER/NAME nor a login; write it as GitHub does")
