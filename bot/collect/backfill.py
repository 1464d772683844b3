"""All merged pull requests of a repository, oldest first, page by page.

One page is one transaction: its pull requests, their issues, and the cursor behind it. Killed at
any moment, it goes on after the last page that was saved. At the end it takes in what has changed
since it began, and counts: what a page did not give is asked for by number.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from bot.collect.ask import OLDEST_FIRST, Client, Questions
from bot.collect.catch_up import EVER, catch_up
from bot.collect.paging import MOST, Pages
from bot.collect.saving import refused_numbers, save_told, utc_now
from bot.errors import NotFound, TooMuch
from pipeline.store import Store
from pipeline.types import Repository

log = logging.getLogger(__name__)


def step(client: Client, store: Store, repo: Repository, redacting: bool | None = None) -> Repository:
    """One step of it: the beginning, or a page; with the last page also the end (``backfill`` is then done).

    Done already, it looks for what has changed since. ``redacting``: whether texts are redacted, None: as
    the repository's own config says. Raises any kind of GitHubError; then the same
    step again goes on where this one was.
    """
    questions = Questions(client, repo, redacting)
    if repo.watermark is None:
        return _begin(questions, store)
    pages = Pages(questions, OLDEST_FIRST, repo.page_size)
    page, refused = pages.after(repo.cursor)
    place: dict[str, Any] = {"cursor": page.cursor or repo.cursor, "page_size": pages.size, "total": page.total}
    repo, _ = save_told(store, questions, page.told, refused, backfill="running", error=None, **place)
    return repo if page.more else _end(questions, store, repo)


def _begin(questions: Questions, store: Store) -> Repository:
    total, newest = questions.start()
    columns: dict[str, Any] = {"backfill": "running", "started_at": utc_now(), "error": None}
    return save_told(store, questions, (), total=total, watermark=newest or EVER, **columns)[0]


def _end(questions: Questions, store: Store, repo: Repository) -> Repository:
    repo = catch_up(questions, store, repo)
    for number in _missing(questions, store, repo):
        _ask_alone(questions, store, number)
    repo, _ = save_told(store, questions, (), backfill="done", dirty=1)
    return _compare(store, repo)


def _missing(questions: Questions, store: Store, repo: Repository) -> list[int]:
    """Numbers of merged pull requests that no page gave."""
    refused = set(refused_numbers(store, repo.name))
    if repo.seen + len(refused) >= (repo.total or 0):
        return sorted(refused)
    known = {pull.number for pull in store.forge_pulls(repo.name)}
    return sorted((set(_all_numbers(questions)) - known) | refused)


def _all_numbers(questions: Questions) -> Iterator[int]:
    cursor, more = None, True
    while more:
        page = questions.numbers(OLDEST_FIRST, MOST, cursor)
        yield from (number for number, _ in page.listed)
        more = page.more and page.cursor != cursor
        cursor = page.cursor


def _ask_alone(questions: Questions, store: Store, number: int) -> None:
    try:
        told = questions.pull(number)
    except TooMuch:
        save_told(store, questions, (), [number])
    except NotFound as error:
        log.warning("%s", error)
    else:
        save_told(store, questions, [told] if told else [])


def _compare(store: Store, repo: Repository) -> Repository:
    missing = (repo.total or 0) - repo.seen - len(refused_numbers(store, repo.name))
    if missing <= 0:
        return repo
    error = f"GitHub counts {repo.total} merged pull requests and shows {repo.seen}; it hides the others from us"
    log.warning("%s: %s", repo.name, error)
    return store.change_repository(repo.id, error=error)
