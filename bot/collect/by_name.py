"""``switchover collect owner/name``: the same steps as the App's worker takes, one after another, in the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from bot.collect import backfill, closed, derive, place
from bot.collect.ask import Questions
from bot.collect.transfer import Say
from bot.errors import Limited, NotFound
from bot.github import Client, Forge
from pipeline import config, credentials
from pipeline.collect import Collected
from pipeline.collect.filters import day
from pipeline.config import Config
from pipeline.credentials import Credentials
from pipeline.errors import InputError, RunError
from pipeline.store import Store
from pipeline.types import Repository

log = logging.getLogger(__name__)


def collect(
    name: str,
    db: Path,
    *,
    config_path: Path | None = None,
    since: str | None = None,
    limit: int | None = None,
    issues: Sequence[int] = (),
) -> Collected:
    """Collect ``owner/name`` into ``db``, and again what is new in it.

    Everything is read; ``since`` (a date) and ``limit`` (the newest that many) choose what is made
    of it. ``issues``: numbers of those to read beside what pull requests close; one that is not there is told.
    Killed at any moment, the same call goes on. Raises InputError without credentials and for wrong values,
    before anything is written; else RunError, a kind of GitHubError among them.
    """
    given = config.load(config_path) if config_path else None
    if since:
        day(since, "--since")
    try:
        with _client(name, db) as (client, installation):
            where = place.by_name(client, name)
            with Store.open(db) as store:
                repo = store.save_repository(where.id, where.name, installation, where.private, where.default_branch)
                store.refuse_forgotten(repo.name)
                with _told("git") as say:  # the largest part comes first: what cannot be cloned need not be read
                    place.fetched(client, store.path, where, say)
                _read_all(client, store, repo, given)
                _read_issues(client, store, _now(store, repo), given, issues)
                return derive.run(client, store, repo, config=given, since=since, limit=limit)
    except Limited as error:
        raise RunError(f"{error}; run the same command then, it goes on where it is") from None


def _read_all(client: Client, store: Store, repo: Repository, given: Config | None) -> None:
    redacting = given.collect.redact if given else None
    with tqdm(desc="GitHub", unit="pull", total=repo.total, initial=repo.seen, disable=None) as bar:
        while True:
            repo = backfill.step(client, store, _now(store, repo), redacting)
            bar.total = repo.total
            bar.update(repo.seen - bar.n)
            if repo.backfill == "done":
                return


def _read_issues(client: Client, store: Store, repo: Repository, given: Config | None, numbers: Sequence[int]) -> None:
    if not numbers:
        return
    found = closed.texts(Questions(client, repo, given.collect.redact if given else None), store, repo.name, numbers)
    store.save_issues(found)
    for number in sorted(set(numbers) - store.issues(repo.name).keys()):
        log.warning("%s: there is no issue %d, or it is hidden from us", repo.name, number)


def _now(store: Store, repo: Repository) -> Repository:
    found = store.repository(repo.id)
    if found is None:
        raise RunError(f"{repo.name}: was purged from {store.path} meanwhile; run the same again to collect it anew")
    return found


@contextmanager
def _client(name: str, db: Path) -> Iterator[tuple[Client, int | None]]:
    """Whoever may read ``name``, with the App's installation (None: a plain token)."""
    known = credentials.load(db)
    token = config.forge_token()
    if known.complete:
        with Forge.connect(known) as forge:
            installation = _installation(forge, name, token)
            if installation is not None:
                yield forge.installation(installation), installation
                return
    if token is None:
        raise InputError(_no_credentials(name, known))
    with Forge.with_token(token, known.api_url) as forge:
        yield forge.installation(0), None


def _installation(forge: Forge, name: str, token: str | None) -> int | None:
    """None when the App is not installed there and there is a token to go on with. Raises NotFound without one."""
    try:
        return forge.installation_of(name)
    except NotFound:
        if token is None:
            raise
        return None


def _no_credentials(name: str, known: Credentials) -> str:
    return (
        f"{name}: no such folder, and no credentials to ask {known.api_url} for it: set GITHUB_TOKEN to a token that "
        "may read it, or make the App with 'switchover bot' over the same --db; a clone needs neither: give its path"
    )


@contextmanager
def _told(what: str) -> Iterator[Say]:
    """A line on stderr that is written over, as git tells of its progress; nothing where stderr is no terminal."""
    with tqdm(desc=what, bar_format="{desc}", disable=None, leave=False) as line:
        yield lambda said: line.set_description_str(f"{what}: {said}")
