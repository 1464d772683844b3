"""The stand-in itself: its state, who may see what, budgets, and the HTTP server."""

from __future__ import annotations

import email.utils
import itertools
import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pipeline.credentials import Credentials
from tests.github.stand_in import graph, rest
from tests.github.stand_in.blobs import Blobs
from tests.github.stand_in.faults import Fault, Rule
from tests.github.stand_in.identity import Installation, check_jwt, iso, private_key
from tests.github.stand_in.loopback import Server
from tests.github.stand_in.repository import Repository
from tests.github.stand_in.wire import Problem, Request, Response

ALLOWED = 5000


class StandIn:
    """A context manager. Everything public may be read and changed while it runs."""

    def __init__(
        self, prefix: str = "", app_id: int = 4242, key: str | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """``prefix``: "/api/v3" makes it a GitHub Enterprise Server. ``key``: PEM of the App, else a test's own."""
        self._scheme = "https" if tls else "http"
        self.prefix = prefix
        self.app_id = app_id
        self.key = key or private_key()
        self.plain_token = "ghp_plain"
        self.app_page = "https://github.com/apps/switchover"
        self.skew = 0.0
        """Seconds by which GitHub's clock is ahead of ours."""
        self.installations: dict[int, Installation] = {}
        self.repositories: list[Repository] = []
        self.deliveries: list[dict[str, Any]] = []
        """As GET /app/hook/deliveries/{id} shows them, in any order; made by ``deliver``."""
        self.codes: set[str] = set()
        """Of the manifest flow, valid once."""
        self.hook: dict[str, Any] = {"url": "https://bot.example/webhook", "content_type": "json", "insecure_ssl": "0"}
        self.runners: dict[str, list[dict[str, Any]]] = {}
        """By repository or organization, as REST shows them; what is not in it may not be asked for."""
        self.requests: list[Request] = []
        self.blobs = Blobs()
        """The other host, from which archives are fetched."""
        self.allowed = {"core": ALLOWED, "graphql": ALLOWED}
        """Per identity and hour."""
        self.used: Counter[tuple[str, str]] = Counter()
        """By identity and resource; clear it for the next hour."""
        self.largest_page: int | None = None
        """Of pull requests in one query; a larger one gets ``too_large``. None: any."""
        self.too_large = Response(
            200,
            {
                "data": None,
                "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}],
            },
        )
        self._moved: dict[str, int] = {}
        self._tokens: dict[str, tuple[int, float]] = {}
        self._rules: list[Rule] = []
        self._ids = itertools.count(1000)
        self._token_ids = itertools.count(1)
        self._lock = threading.RLock()
        self._server = Server(self.handle, prefix, tls)

    def __enter__(self) -> StandIn:
        self._server.run()
        self.blobs.run()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self.blobs.stop()

    @property
    def url(self) -> str:
        """API base, without trailing slash."""
        return f"{self._scheme}://127.0.0.1:{self._server.port}{self.prefix}"

    @property
    def connections(self) -> int:
        """Accepted so far."""
        return self._server.accepted

    @property
    def graphql_calls(self) -> int:
        return sum(request.path == "/graphql" for request in self.requests)

    def credentials(self, **changes: Any) -> Credentials:
        """The App's, as pipeline.credentials gives them."""
        made = Credentials(self.app_id, self.key, ("hush",), self.url, slug="switchover", html_url=self.app_page)
        return replace(made, **changes)

    def install(self, id: int, account: str, **fields: Any) -> Installation:
        self.installations[id] = Installation(id, account, **fields)
        return self.installations[id]

    def add(self, name: str, pulls: int = 0, installation: int = 1, **fields: Any) -> Repository:
        """A repository with ``pulls`` merged pull requests (see Repository.fill); its installation is made too."""
        if installation not in self.installations:
            self.install(installation, name.split("/")[0])
        made = Repository(len(self.repositories) + 501, name, installation, **fields)
        made.fill(pulls)
        self.repositories.append(made)
        return made

    def rename(self, repository: Repository, name: str) -> None:
        """The old name then answers with a redirect."""
        self._moved[repository.name.lower()] = repository.id
        repository.name = name

    def delete(self, repository: Repository) -> None:
        self.repositories.remove(repository)

    def deliver(
        self,
        event: str,
        payload: dict[str, Any],
        guid: str | None = None,
        code: int = 202,
        redelivery: bool = False,
        minutes_ago: float = 1.0,
    ) -> str:
        """Remember a delivery, ``code`` being what the receiver answered (0: nothing in time); its GUID."""
        id = self.next_id()
        guid = guid or f"00000000-0000-0000-0000-{id:012d}"
        ids = {name: (payload.get(name) or {}).get("id") for name in ("installation", "repository")}
        row = {"id": id, "guid": guid, "delivered_at": iso(self.now() - 60 * minutes_ago), "redelivery": redelivery}
        row |= {"duration": 0.3, "status": "OK" if 200 <= code < 300 else "failed", "status_code": code}
        row |= {"event": event, "action": payload.get("action"), "throttled_at": None}
        row |= {"installation_id": ids["installation"], "repository_id": ids["repository"], "url": ""}
        headers = {"X-GitHub-Delivery": guid, "X-GitHub-Event": event}
        row |= {"request": {"headers": headers, "payload": payload}, "response": {"headers": {}, "payload": None}}
        self.deliveries.append(row)
        return guid

    def fail(
        self,
        fault: Fault,
        verb: str | None = None,
        path: str = "",
        times: float = 1,
        when: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        """Meet the next ``times`` requests that fit with ``fault``; earlier rules come first."""
        self._rules.append(Rule(fault, verb, path, times, when))

    def now(self) -> float:
        return time.time() + self.skew

    def next_id(self) -> int:
        return next(self._ids)

    def mint(self, installation: int) -> str:
        """A long one, as they are since 2026."""
        token = f"ghs_{self.app_id}_eyJhbGciOiJSUzI1NiJ9.{'x' * 300}{next(self._token_ids)}.sig-_"
        self._tokens[token] = (installation, self.now() + 3600)
        return token

    def revoke_tokens(self) -> None:
        self._tokens.clear()

    @property
    def tokens_minted(self) -> int:
        return sum(request.path.endswith("/access_tokens") for request in self.requests)

    def by_name(self, name: str) -> Repository | None:
        return next((each for each in self.repositories if each.name.lower() == name.lower()), None)

    def by_id(self, id: int | None) -> Repository | None:
        return next((each for each in self.repositories if each.id == id), None)

    def visible(self, who: str) -> list[Repository]:
        if who == "token":
            return self.repositories
        return [each for each in self.repositories if str(each.installation) == who or not each.private]

    def rates(self, who: str) -> dict[str, dict[str, Any]]:
        reset = int(self.now()) + 1800
        rates = {}
        for resource, allowed in self.allowed.items():
            used = self.used[who, resource]
            left = max(allowed - used, 0)
            rates[resource] = {"limit": allowed, "remaining": left, "reset": reset, "used": used, "resource": resource}
        return rates

    def handle(self, request: Request, authorization: str) -> tuple[Fault | None, Response]:
        """What is to go wrong, and the answer."""
        with self._lock:
            try:
                request = replace(request, who=self._who(authorization))
            except Problem as problem:
                self.requests.append(request)
                return None, self._dated(problem.response, request)
            self.requests.append(request)
            fault = next((rule.fault for rule in self._rules if rule.hits(request)), None)
            done = Response() if fault and fault.before else self._answer(request)
            return fault, self._dated(fault.response if fault and fault.response else done, request)

    def _answer(self, request: Request) -> Response:
        try:
            self._spend(request)
            if request.path == "/graphql" and request.verb == "POST":
                return self._graphql(request)
            return rest.answer(self, self._at_its_place(request))
        except Problem as problem:
            return problem.response

    def _who(self, authorization: str) -> str:
        scheme, _, token = authorization.partition(" ")
        if not token:
            return ""
        if token == self.plain_token:
            return "token"
        if token in self._tokens:
            installation, expires = self._tokens[token]
            if expires > self.now() and not self.installations[installation].removed:
                return str(installation)
        elif scheme == "Bearer":
            check_jwt(token, self.key, self.app_id, self.now())
            return "app"
        raise Problem(401, "Bad credentials")

    def _spend(self, request: Request) -> None:
        if not request.who and "/app-manifests/" not in request.path:
            raise Problem(401, "Requires authentication")
        if request.who.isdecimal() and self.installations[int(request.who)].suspended:
            raise Problem(403, "This installation has been suspended")
        resource = _resource(request)
        if request.path == "/rate_limit":
            return
        if self.used[request.who, resource] >= self.allowed[resource]:
            words = f"API rate limit exceeded for installation ID {request.who}."
            if resource == "core":
                raise Problem(403, words)
            problem = Problem(200, words)
            problem.response = Response(200, {"errors": [{"type": "RATE_LIMITED", "message": words}]})
            raise problem
        self.used[request.who, resource] += 1

    def _graphql(self, request: Request) -> Response:
        visible = self.visible(request.who)

        def find(name: str) -> Repository | None:
            found = self.by_name(name) or self.by_id(self._moved.get(name.lower()))
            return found if found in visible else None

        rate = self.rates(request.who)["graphql"]
        shown = {**rate, "cost": 1, "nodeCount": 100, "resetAt": iso(rate["reset"])}
        root = graph.root(find, visible, shown, self.largest_page)
        try:
            return Response(200, graph.answer(request.body["query"], request.body.get("variables") or {}, root))
        except graph.TooLarge:
            return self.too_large

    def _at_its_place(self, request: Request) -> Request:
        """/repositories/ID as /repos/O/N; an old name is redirected there (307, or 301 for a GET)."""
        by_id = re.fullmatch(r"/repositories/(\d+)(/.*)?", request.path)
        if by_id:
            found = self.by_id(int(by_id[1]))
            return replace(request, path=f"/repos/{found.name}{by_id[2] or ''}" if found else "/gone")
        by_name = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", request.path)
        if not by_name or self.by_name(by_name[1]) or by_name[1].lower() not in self._moved:
            return request
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        there = f"{self.url}/repositories/{self._moved[by_name[1].lower()]}{by_name[2] or ''}"
        problem = Problem(301 if request.verb == "GET" else 307, "Moved Permanently")
        location = f"{there}?{query}" if query else there
        problem.response = replace(problem.response, headers={"Location": location})
        raise problem

    def _dated(self, response: Response, request: Request) -> Response:
        rate = self.rates(request.who)[_resource(request)]
        limits = {f"X-RateLimit-{name.title()}": str(value) for name, value in rate.items()}
        date = {"Date": email.utils.formatdate(self.now(), usegmt=True)}
        headers = {**date, **limits, **response.headers}
        return replace(response, headers={name.lower(): value for name, value in headers.items()})


def _resource(request: Request) -> str:
    return "graphql" if request.path == "/graphql" else "core"
