"""Questions about one repository, which stays the same one when it is renamed meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from bot.collect.nodes import Page, Reader, Told
from bot.collect.queries import query
from bot.collect.settings import Settings, settings_of
from bot.errors import NotFound, TooMuch, Unavailable
from bot.wire.answers import Reply
from pipeline.types import Issue, Repository

log = logging.getLogger(__name__)


Order = Mapping[str, str]

OLDEST_FIRST: Order = {"field": "CREATED_AT", "direction": "ASC"}
NEWEST_CHANGE_FIRST: Order = {"field": "UPDATED_AT", "direction": "DESC"}


TRIES = 3
"""For what cannot be asked in smaller parts, before GitHub is believed that it is too much."""


class Client(Protocol):
    """What collecting needs of ``bot.github.Client``."""

    @property
    def api_url(self) -> str: ...

    def query(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]: ...

    def get(self, path: str, **parameters: Any) -> Reply: ...

    def token(self) -> str: ...


class Questions:
    """Asks of the repository with this number; every method may raise any kind of bot.errors.GitHubError."""

    def __init__(self, client: Client, repo: Repository, redacting: bool | None = None) -> None:
        """``redacting``: whether texts are redacted, None: as the repository's own config says."""
        self.client = client
        self.id = repo.id
        self.name = repo.name
        """As GitHub calls it now, from the first answer on."""
        self.settings = Settings()
        """As they came with the newest answer."""
        self.calls = 0
        """GraphQL queries since ``spent`` was last called."""
        self._redacting = redacting

    def start(self) -> tuple[int, str | None]:
        """How many merged pull requests there are, and when one of them was last updated (None: there is none)."""
        found = self._ask("start")["pullRequests"]
        return int(found["totalCount"]), next((node["updatedAt"] for node in found["nodes"] if node), None)

    def page(self, order: Order, size: int, cursor: str | None) -> Page:
        """A page of merged pull requests in this order, each with all the issues that it closes."""
        found = self._ask("page", size=size, cursor=cursor, order=order)["pullRequests"]
        page = self._reader().page(found)
        return replace(page, told=tuple(map(self._whole, page.told)))

    def numbers(self, order: Order, size: int, cursor: str | None) -> Page:
        """The same page without what it tells of each."""
        return self._reader().page(self._ask("numbers", size=size, cursor=cursor, order=order)["pullRequests"])

    def pull(self, number: int) -> Told | None:
        """One pull request, None when it is not merged. Raises NotFound when there is none of that number."""
        node = self._ask("pull", number=number)["pullRequest"]
        if node is None:
            raise NotFound(f"{self.name}#{number}: no such pull request, or hidden from us")
        return self._whole(self._reader().told(node)) if node.get("mergedAt") else None

    def issue(self, number: int) -> Issue | None:
        """One issue, None when it has moved to another repository. Raises NotFound when there is no such issue."""
        node = self._ask("issue", number=number)["issue"]
        issues, _ = self._reader().issues({"nodes": [node]})
        return issues[0] if issues else None

    def spent(self) -> int:
        """Queries since this was last asked."""
        calls, self.calls = self.calls, 0
        return calls

    def _whole(self, told: Told) -> Told:
        while told.more:
            node = self._ask("closing", number=told.pull.number, cursor=told.more)["pullRequest"]
            told = told.with_issues(*self._reader().issues(node["closingIssuesReferences"]))
        return told

    def _reader(self) -> Reader:
        redacting = self.settings.config.collect.redact if self._redacting is None else self._redacting
        return Reader(self.id, self.name, redacting)

    def _ask(self, name: str, **variables: Any) -> dict[str, Any]:
        found = self._found(name, variables)
        if found["databaseId"] != self.id:  # the name is another repository's now
            self._look_up()
            found = self._once(name, variables)
        if found["databaseId"] != self.id:
            raise Unavailable(f"{self.name}: its name changes hands; try again later")
        self.name = found["nameWithOwner"]
        self.settings = settings_of((found.get("config") or {}).get("text"))
        return found

    def _found(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Under a new name where the old one is nobody's any more."""
        try:
            return self._once(name, variables)
        except NotFound:
            before = self.name
            self._look_up()
            if self.name == before:
                raise
            return self._once(name, variables)

    def _once(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        for _ in range(TRIES - 1 if name != "page" else 0):  # whoever asks for a page asks for a smaller one
            try:
                return self._repository(name, variables)
            except TooMuch as error:
                log.info("%s: query %s: %s", self.name, name, error)
        return self._repository(name, variables)

    def _repository(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        owner, _, short = self.name.partition("/")
        self.calls += 1
        data = self.client.query(query(name), {"owner": owner, "name": short, **variables})
        log.debug("%s: query %s cost %s", self.name, name, (data.get("rateLimit") or {}).get("cost"))
        found = data.get("repository")
        if not isinstance(found, dict):
            raise NotFound(f"{self.name}: no such repository, or hidden from us; is the App installed there?")
        return found

    def _look_up(self) -> None:
        self.name = str(self.client.get(f"/repositories/{self.id}").data["full_name"])
