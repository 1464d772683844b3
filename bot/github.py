"""The one GitHub client. PyGithub signs, encodes and carries; what an answer means is judged in bot.wire.judge.

    Forge ── app() ───────────── Client   the App itself, by JWT
          └─ installation(id) ── Client   one installation, by tokens that are minted when needed

PyGithub's own ways with answers are kept off: it repeats nothing, follows nothing, waits for nothing.
This is the only module that imports PyGithub; the receiver never imports this one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from github.Auth import AppAuth
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester, RequestsResponse

from bot.errors import BadCredentials, NotFound, Rejected
from bot.wire.answers import Answer, Ask, Reply, one_line
from bot.wire.client import Client, OnBudget
from bot.wire.limits import Budget
from bot.wire.tokens import Timing, Tokens
from pipeline import __version__
from pipeline.credentials import Credentials

__all__ = ["Budget", "Client", "Forge", "Reply", "Timing"]

TIMEOUT = 30
"""Seconds without a byte before an answer is given up; GitHub gives up after 10."""

VALID_FOR = 300.0
"""Seconds that a token of an installation is valid for, at least, when it is handed out."""

_API_VERSION = "2022-11-28"
_JWT_SECONDS = 300

_WORLD = Timing()

# At DEBUG it would write out whole answers, and tokens are in some of them.
logging.getLogger("github.Requester").disabled = True


class Forge:
    """All that one set of credentials reaches. Thread-safe; a context manager that closes connections."""

    def __init__(self, wire: _Wire, make: Callable[[], tuple[str, float]], app_page: str | None) -> None:
        """``make``: the root identity's Authorization and when it expires. ``app_page`` None: a plain token."""
        self._wire = wire
        self._app_page = app_page
        self._root = self._client("the token" if app_page is None else "the App", 0, make, spare=60)
        self._lock = threading.Lock()
        self._installations: dict[int, Client] = {}
        self._login: str | None = None

    @classmethod
    def connect(cls, credentials: Credentials, on_budget: OnBudget | None = None, timing: Timing = _WORLD) -> Forge:
        """The App's. Asks nothing of GitHub yet; raises BadCredentials for an id or key that cannot be right."""
        auth = _app_auth(credentials)

        def sign() -> tuple[str, float]:
            return f"Bearer {auth.token}", timing.now() + _JWT_SECONDS

        return cls(_Wire(credentials.api_url, on_budget, timing), sign, credentials.html_url)

    @classmethod
    def with_token(cls, token: str, api_url: str, on_budget: OnBudget | None = None, timing: Timing = _WORLD) -> Forge:
        """A person's: every installation is the token itself."""
        return cls(_Wire(api_url, on_budget, timing), lambda: (f"token {token}", float("inf")), None)

    def app(self) -> Client:
        """The App itself. Raises BadCredentials with a plain token."""
        if self._app_page is None:
            raise BadCredentials("a plain token cannot act as the App; set SWITCHOVER_APP_ID and its private key")
        return self._root

    def installation(self, id: int) -> Client:
        """The one client of that installation; with a plain token, the token's. Asks nothing of GitHub yet."""
        if self._app_page is None:
            return self._root
        with self._lock:
            if id not in self._installations:
                client = self._client(f"installation {id}", id, lambda: self._mint(id), VALID_FOR, renewable=True)
                self._installations[id] = client
            return self._installations[id]

    def installation_of(self, name: str) -> int:
        """Id of the installation that covers ``owner/name``; 0 with a plain token. Raises NotFound."""
        if self._app_page is None:
            self._root.get(f"/repos/{name}")
            return 0
        try:
            return int(self._root.get(f"/repos/{name}/installation").data["id"])
        except NotFound:
            where = f"{self._app_page}/installations/new" if self._app_page else "its page on GitHub"
            message = f"{name}: the App is not installed there, or the name is wrong; install it from {where}"
            raise NotFound(message) from None

    def login(self) -> str:
        """Ours on GitHub, as the author of what we write: ``slug[bot]``, or the token's person. Asked for once."""
        if self._login is None:
            of = "/user" if self._app_page is None else "/app"
            data = self._root.get(of).data
            self._login = f"{data['slug']}[bot]" if of == "/app" else str(data["login"])
        return self._login

    def close(self) -> None:
        """Close the idle connections; a later call opens new ones."""
        self._wire.close()

    def __enter__(self) -> Forge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _client(
        self, who: str, id: int, make: Callable[[], tuple[str, float]], spare: float, renewable: bool = False
    ) -> Client:
        tokens = Tokens(make, self._wire.timing, spare, renewable)
        return Client(self._wire, who, id, tokens, self._wire.on_budget, self._wire.timing)

    def _mint(self, id: int) -> tuple[str, float]:
        who = f"the App (installation {id})"
        ask = Ask("POST", f"/app/installations/{id}/access_tokens", who, repeatable=True)
        try:
            data = self._root.ask(ask, body={}).data
        except NotFound:
            raise NotFound(f"installation {id} is gone: the App was uninstalled there; install it again") from None
        return f"token {data['token']}", datetime.fromisoformat(data["expires_at"]).timestamp()


class _Wire:
    """Requests to one API address. Each connection is used by one thread at a time: PyGithub's are not shareable."""

    def __init__(self, api_url: str, on_budget: OnBudget | None, timing: Timing) -> None:
        self.base = api_url.rstrip("/")
        self.graphql = Requester.get_graphql_prefix(urlsplit(self.base).path)
        self.on_budget = on_budget
        self.timing = timing
        self._origin = _origin(self.base)
        self._idle: list[_Line] = []

    def exchange(
        self,
        ask: Ask,
        url: str,
        parameters: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        authorization: str,
    ) -> Answer:
        """One request and its answer, whatever that is. Raises OSError when there is none."""
        try:
            line = self._idle.pop()
        except IndexError:
            line = _Line(self.base)
        where = urljoin(self.base, url) if ask.graphql else url
        try:
            answer = line.exchange(ask.verb, where, dict(parameters or {}), body, authorization)
        except OSError:
            line.close()
            raise
        self._idle.append(line)
        return answer

    def ours(self, ask: Ask, location: str) -> str:
        """``location`` as an address of this API. Raises Rejected for another host: the token is not for it."""
        url = urljoin(f"{self.base}/", location)
        if _origin(url) != self._origin:
            raise Rejected(
                f"{ask}: redirected to {one_line(url)}, another host than {self.base}; set SWITCHOVER_GITHUB_URL right"
            )
        return url

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class _Line:
    """One connection, and the PyGithub requester that speaks over it."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        kind = _Https if parts.scheme == "https" else _Http
        self._connection = kind(str(parts.hostname), parts.port, timeout=TIMEOUT, retry=0, pool_size=1)
        self._requester = Requester(
            auth=None,
            base_url=base,
            timeout=TIMEOUT,
            user_agent=f"switchover/{__version__}",
            per_page=100,
            verify=True,
            retry=0,
            pool_size=1,
            api_version=_API_VERSION,
        )

    def exchange(
        self, verb: str, url: str, parameters: dict[str, Any], body: Mapping[str, Any] | None, authorization: str
    ) -> Answer:
        headers = {"Authorization": authorization, "Accept": "application/vnd.github+json, application/json"}
        try:
            answer = self._requester.requestJson(verb, url, parameters, headers, body, self._connection)
        except _Kept as kept:
            return kept.answer
        return Answer(*answer)

    def close(self) -> None:
        self._connection.close()


class _Kept(Exception):
    """An answer that PyGithub must not see: it would follow it without its query, or wait for it without end."""

    def __init__(self, response: RequestsResponse) -> None:
        headers = {name.lower(): value for name, value in response.getheaders()}
        self.answer = Answer(response.status, headers, response.read())


def _keep(response: RequestsResponse) -> RequestsResponse:
    if response.status == 202 or 300 <= response.status < 400:
        raise _Kept(response)
    return response


class _Http(HTTPRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _keep(super().getresponse())


class _Https(HTTPSRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _keep(super().getresponse())


def _app_auth(credentials: Credentials) -> AppAuth:
    if credentials.app_id is None:
        raise BadCredentials("no App id; set SWITCHOVER_APP_ID, or make the App on the setup page")
    if not credentials.private_key:
        raise BadCredentials("no private key; set SWITCHOVER_PRIVATE_KEY_FILE, or make the App on the setup page")
    auth = AppAuth(credentials.app_id, credentials.private_key, jwt_expiry=_JWT_SECONDS)
    try:
        auth.create_jwt()
    except Exception:  # the library has a dozen kinds for a bad key, and their texts may quote it
        raise BadCredentials(
            "the private key is not an RSA key in PEM form; make a new one on the App's settings page on GitHub "
            "and give the whole downloaded file with SWITCHOVER_PRIVATE_KEY_FILE"
        ) from None
    return auth


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
