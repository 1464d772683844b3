"""What has changed since a repository was last read: newest change first, down to the watermark.

Killed in between, it begins again from the newest; what is read twice changes nothing.
"""

from __future__ import annotations

from bot.collect.ask import NEWEST_CHANGE_FIRST, Client, Questions
from bot.collect.nodes import Page, Told
from bot.collect.paging import Pages
from bot.collect.saving import save_told
from pipeline.store import Store
from pipeline.types import Repository

EVER = "0001-01-01T00:00:00Z"
"""Watermark of a repository of which nothing has been read yet."""


def run(client: Client, store: Store, repo: Repository, redacting: bool | None = None) -> Repository:
    """Take in what has changed, and say so in the row (``dirty``). Raises any kind of GitHubError."""
    return catch_up(Questions(client, repo, redacting), store, repo)


def catch_up(questions: Questions, store: Store, repo: Repository) -> Repository:
    """As ``run``, with questions that are counted together with others."""
    old = repo.watermark or EVER
    pages = Pages(questions, NEWEST_CHANGE_FIRST, repo.page_size)
    newest, cursor, more = old, None, True
    while more:
        page, refused = pages.after(cursor)
        newest = max([newest, *(updated_at for _, updated_at in page.listed)])
        repo = _save(store, questions, page, refused, old, pages.size)
        cursor = page.cursor
        # What was updated in the watermark's own second may have come after it was taken.
        more = page.more and all(updated_at >= old for _, updated_at in page.listed)
    return save_told(store, questions, (), watermark=newest)[0]


def _save(
    store: Store, questions: Questions, page: Page, refused: tuple[int, ...], old: str, page_size: int
) -> Repository:
    new: list[Told] = [told for told in page.told if told.pull.updated_at >= old]
    with store.atomic():
        repo, changed = save_told(store, questions, new, refused, total=page.total, page_size=page_size)
        return store.change_repository(repo.id, dirty=1) if changed else repo
