"""The pull requests of a repository made anew: its mirror fetched, its config read, its whole history asked."""

from __future__ import annotations

from dataclasses import replace

from bot.collect import closed, place
from bot.collect.ask import Client, Questions
from bot.collect.place import Place
from bot.collect.saving import current, refused_numbers
from bot.collect.settings import Settings
from bot.errors import Unavailable
from pipeline.collect import Collected, collect_forge
from pipeline.config import Config
from pipeline.store import Store
from pipeline.types import Repository

UNDER_WAY = 2
"""Of ``repositories.dirty``: what becomes dirty meanwhile says 1 again, and is not lost."""


def run(
    client: Client,
    store: Store,
    repo: Repository,
    *,
    config: Config | None = None,
    since: str | None = None,
    limit: int | None = None,
) -> Collected:
    """Bring ``pulls`` and ``left_out`` to what forge and mirror say now; then the row is not dirty any more.

    ``config`` in place of the repository's own; ``since`` and ``limit`` as in ``collect_clone``. Raises a
    kind of GitHubError, RunError, and InputError for a ``since`` that is no date.
    """
    _mark(store, repo)
    where = place.by_id(client, repo.id)
    clone = place.fetched(client, store.path, where)
    settings = place.settings(clone.path)
    if clone.tip is None and store.count_forge_pulls(repo.name):
        raise Unavailable(f"{clone.name}: its mirror is empty, though it has merged pull requests; try again later")
    _begin(store, where, settings)
    chosen = (config or settings.config).collect
    collected = collect_forge(clone, where.default_branch, store, config=chosen, since=since, limit=limit)
    questions = Questions(client, replace(repo, name=clone.name), config.collect.redact if config else None)
    closed.fill(questions, store, clone.name)
    with store.atomic():
        store.db.execute("UPDATE repositories SET dirty = 0 WHERE id = ? AND dirty = ?", [repo.id, UNDER_WAY])
    refused = len(refused_numbers(store, clone.name))
    return replace(collected, left_out={**collected.left_out, "forge_refuses": refused}) if refused else collected


def _mark(store: Store, repo: Repository) -> None:
    """Before anything is read: what is merged while git fetches, for hours at first, is not in the mirror then.

    A failure leaves the mark, and the repository is as dirty as before.
    """
    with store.atomic():
        store.db.execute("UPDATE repositories SET dirty = ? WHERE id = ? AND dirty <> 0", [UNDER_WAY, repo.id])


def _begin(store: Store, where: Place, settings: Settings) -> None:
    with store.atomic():
        current(store, where.id, where.name)
        columns = {"private": int(where.private), "default_branch": where.default_branch, **settings.columns()}
        store.change_repository(where.id, **columns)
