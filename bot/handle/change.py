"""Read outside, write inside: what a handler is given, and what it gives back.

A handler does all its network reads first and returns a Change. The worker applies the Change and
marks the delivery done in one transaction, so each delivery has its effect once, also under ``kill -9``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.github import Client, Forge
from bot.handle.events import Event
from pipeline.store import Store
from pipeline.types import Repository

Change = Callable[[Store], str | None]
"""Writes to the database, inside the caller's transaction. Returns a note for the delivery's row, or None."""


@dataclass(frozen=True)
class Context:
    """What a handler may use."""

    store: Store
    """To read from; a handler writes in its Change only."""
    forge: Forge

    def client(self, repository: Repository) -> Client:
        """Who may speak for ``repository`` on the forge."""
        return self.forge.installation(repository.installation or 0)


Handler = Callable[[Event, Context], Change]
"""May raise any error of bot.errors; then nothing is written."""


def nothing(note: str) -> Change:
    """A change that changes nothing, and why."""
    return lambda store: note


def repository_of(event: Event, context: Context) -> Repository | None:
    """The repository of ``event`` where the App may work on it; None for one that is unknown or not granted.

    An unknown one needs nothing: once its installation is known it is collected from the start.
    """
    known = context.store.repository(event.repo_id) if event.repo_id else None
    return known if known and known.state == "active" and known.installation else None
