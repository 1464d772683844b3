"""Pages that GitHub can answer: smaller when it cannot, slowly larger again while it can."""

from __future__ import annotations

import logging

from bot.collect.ask import TRIES, Order, Questions
from bot.collect.nodes import Page
from bot.errors import TooMuch, Unavailable

log = logging.getLogger(__name__)

MOST = 100
"""What GitHub allows in one page."""

GROWTH = 5
"""Pull requests by which the size grows with each page that was answered at once."""


class Pages:
    """Asks for one page after another, in one order."""

    def __init__(self, questions: Questions, order: Order, size: int) -> None:
        self._questions = questions
        self._order = order
        self.size = size
        """Of the next page, 1..MOST; worth remembering."""

    def after(self, cursor: str | None) -> tuple[Page, tuple[int, ...]]:
        """The page after ``cursor``, and the numbers in it that GitHub refuses to tell of.

        Raises any kind of GitHubError but TooMuch, unless GitHub cannot even list the numbers.
        """
        page = self._shrinking(cursor)
        if page is None:
            page = self._questions.numbers(self._order, 1, cursor)
            log.warning("%s: GitHub refuses to tell of %s", self._questions.name, page.listed)
            return self._moving(page, cursor), tuple(number for number, _ in page.listed)
        return self._moving(page, cursor), ()

    def _shrinking(self, cursor: str | None) -> Page | None:
        """None when even one alone is too much."""
        tries = TRIES
        at_once = True
        while tries:
            try:
                page = self._questions.page(self._order, self.size, cursor)
            except TooMuch as error:
                log.info("%s: %s; %d at once were asked for", self._questions.name, error, self.size)
                tries -= self.size == 1
                self.size = max(1, self.size // 2)
                at_once = False
            else:
                self.size = min(MOST, self.size + GROWTH) if at_once else self.size
                return page
        return None

    def _moving(self, page: Page, cursor: str | None) -> Page:
        if page.more and page.cursor in (None, cursor):
            raise Unavailable(
                f"{self._questions.name}: GitHub gives an empty page and says that more follow; try again"
            )
        return page
