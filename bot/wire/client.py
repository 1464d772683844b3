"""One identity on GitHub: what it asks, how often it tries, and when it gives up. No sockets here.

A Client repeats reads only, and waits at most PATIENCE seconds in all; what takes longer is Limited.
What an answer means is judged in bot.wire.judge; the requests themselves are bot.github's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urljoin

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from bot.errors import BadCredentials, GitHubError, Limited, Rejected, Unavailable
from bot.wire.answers import Answer, Ask, Follow, Reply, one_line
from bot.wire.judge import judge
from bot.wire.limits import Budget, budget
from bot.wire.tokens import Timing, Tokens

PATIENCE = 30.0
"""Seconds that one call may wait in all, for limits and between tries."""

TRIES = 4
"""Requests for one read, the first included."""

OnBudget = Callable[[int, Budget], None]
"""Told of each answer's budget, with the installation's id (0: the App, or a plain token), on the caller's thread."""

_NEXT = re.compile(r'<([^<>]+)>[^,<]*\brel="next"')


class Wire(Protocol):
    """What carries requests to one API address, such as bot.github's."""

    base: str
    """The API's address, without trailing slash."""
    graphql: str
    """Path of the GraphQL endpoint, from the root of the host."""

    def exchange(
        self,
        ask: Ask,
        url: str,
        parameters: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        authorization: str,
    ) -> Answer:
        """One request and its answer, whatever that is. Raises OSError when there is none."""

    def ours(self, ask: Ask, location: str) -> str:
        """``location`` as an address of this API. Raises Rejected for another host: the token is not for it."""


class Client:
    """One identity: the App, one installation, or a plain token. Thread-safe.

    Every method may raise any kind of bot.errors.GitHubError.
    """

    def __init__(
        self, wire: Wire, who: str, installation: int, tokens: Tokens, on_budget: OnBudget | None, timing: Timing
    ) -> None:
        self.who = who
        self.installation = installation
        """0: the App, or a plain token."""
        self._wire = wire
        self._tokens = tokens
        self._on_budget = on_budget
        self._timing = timing
        self._shut: dict[bool, Limited] = {}
        """By whether it is GraphQL's: each has a budget of its own, and secondary limits are of both."""

    @property
    def api_url(self) -> str:
        """The API's address, without trailing slash."""
        return self._wire.base

    def query(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """``data`` of a GraphQL query (never a mutation: it may be sent twice).

        An item of a list that is hidden from us is None there. Raises TooMuch when less should be asked for.
        """
        ask = Ask("POST", self._wire.graphql, self.who, graphql=True)
        return dict(self.ask(ask, body={"query": text, "variables": dict(variables)}).data)

    def get(self, path: str, **parameters: Any) -> Reply:
        """One thing or page. Repeated when GitHub is down for a moment; renamed repositories are followed."""
        return self.ask(Ask("GET", path, self.who), parameters=parameters)

    def pages(self, path: str, key: str | None = None, **parameters: Any) -> Iterator[Any]:
        """Items of all pages; ``key`` names the list in answers such as {"total_count": 1, "repositories": [...]}.

        Raises Unavailable when a page has no list, or all together hold fewer items than GitHub counts.
        """
        ask, url, asked = Ask("GET", path, self.who), path, {"per_page": 100, **parameters}
        seen, total = 0, 0
        while url:
            reply = self.ask(ask, url, asked)
            items = _items(ask, reply, key)
            yield from items
            seen += len(items)
            total = int(reply.data.get("total_count", 0)) if key else 0
            url, asked = self._next(ask, reply, url), {}
        if seen < total:
            raise Unavailable(f"{ask}: only {seen} of {total} came; something changed meanwhile, try again")

    def write(self, verb: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        """Change something, once: POST, PATCH, PUT or DELETE.

        Raises Unavailable with ``sent`` when it may have been done all the same. It is repeated only
        where GitHub has refused it (a short limit) or says that the thing has moved.
        """
        return self.ask(Ask(verb, path, self.who), body=body)

    def location(self, path: str) -> str:
        """The address, perhaps on another host, to which GitHub sends whoever asks for ``path``: it is not gone to.

        It is good for a minute or so, and a key by itself: never to be logged. Raises Rejected where there is none.
        """
        ask = Ask("GET", path, self.who)
        found = self._settled(ask, None, None, None, stop_elsewhere=True)
        if isinstance(found, Reply):
            raise Rejected(f"{ask}: answered {found.status} where an address to go to was expected")
        return urljoin(f"{self._wire.base}/", found.location)

    def token(self) -> str:
        """A token that is valid for at least five more minutes (the App's: a JWT, for one)."""
        return self._tokens.get().partition(" ")[2]

    def ask(
        self,
        ask: Ask,
        url: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The one way out: what ``get``, ``pages``, ``query`` and ``write`` are made of."""
        found = self._settled(ask, url, parameters, body)
        assert isinstance(found, Reply)
        return found

    def _settled(
        self,
        ask: Ask,
        url: str | None,
        parameters: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        stop_elsewhere: bool = False,
    ) -> Reply | Follow:
        """A Follow only where ``stop_elsewhere``, and what is wanted lies elsewhere."""
        where, past = url or ask.path, _Past()
        while True:
            verdict = self._once(ask, where, parameters, body)
            if isinstance(verdict, Reply) or (stop_elsewhere and isinstance(verdict, Follow) and verdict.is_elsewhere):
                return verdict
            if isinstance(verdict, Follow):
                where = self._moved(ask, verdict, past)
            elif not self._worth_another(ask, verdict, past):
                raise verdict

    def _once(
        self, ask: Ask, url: str, parameters: Mapping[str, Any] | None, body: Mapping[str, Any] | None
    ) -> Reply | Follow | GitHubError:
        now = self._timing.now
        shut = self._shut.get(ask.graphql)
        if shut and now() < shut.until:
            return shut.again()  # asking on would prolong it
        authorization = self._tokens.get()
        try:
            answer = self._wire.exchange(ask, url, parameters, body, authorization)
        except OSError as error:  # what requests raises is one
            return _unreachable(ask, error)
        left = budget(answer.headers)
        if left and self._on_budget:
            self._on_budget(self.installation, left)
        verdict = judge(ask, answer, now())
        if isinstance(verdict, Limited):
            self._shut.update(dict.fromkeys((True, False) if verdict.secondary else (ask.graphql,), verdict))
        if isinstance(verdict, BadCredentials):
            self._tokens.drop(authorization)
        return verdict

    def _moved(self, ask: Ask, verdict: Follow, past: _Past) -> str:
        if past.moved:
            raise Rejected(f"{ask}: redirected twice, the second time to {one_line(verdict.location)}")
        past.moved = True
        return self._wire.ours(ask, verdict.location)

    def _worth_another(self, ask: Ask, verdict: GitHubError, past: _Past) -> bool:
        """After waiting as long as needed; False when that is too long, or repeating is wrong."""
        if isinstance(verdict, BadCredentials):
            renew = self._tokens.renewable and not past.renewed
            past.renewed = True
            return renew
        if isinstance(verdict, Limited):
            wait = verdict.until - self._timing.now()
        elif isinstance(verdict, Unavailable) and not ask.write and past.tries < TRIES - 1:
            wait = 2.0**past.tries
            past.tries += 1
        else:
            return False
        past.waited += max(wait, 0.0)
        if past.waited > PATIENCE:
            return False
        self._timing.sleep(max(wait, 0.0))
        return True

    def _next(self, ask: Ask, reply: Reply, url: str) -> str:
        found = _NEXT.search(reply.headers.get("link", ""))
        if not found:
            return ""
        following = self._wire.ours(ask, found[1])
        if following == url:
            raise Unavailable(f"{ask}: the next page is said to be the one just read; try again")
        return following


@dataclass
class _Past:
    """What one call has tried so far."""

    tries: int = 0
    waited: float = 0.0
    moved: bool = False
    renewed: bool = False


def _items(ask: Ask, reply: Reply, key: str | None) -> list[Any]:
    items = reply.data.get(key) if key and isinstance(reply.data, Mapping) else reply.data
    if not isinstance(items, list):
        raise Unavailable(f"{ask}: a page without its list{f' {key!r}' if key else ''}; try again later")
    return items


def _unreachable(ask: Ask, error: OSError) -> Unavailable:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    never_sent = isinstance(reason, (NewConnectionError, ConnectTimeoutError))
    words = one_line(str(reason or error) or type(error).__name__)
    hint = "name your authority's file in REQUESTS_CA_BUNDLE" if "CERTIFICATE" in words else "try again later"
    return Unavailable(f"{ask}: no whole answer came ({words}); {hint}", sent=ask.write and not never_sent)
