"""Who may see the pages: a browser on this very machine, or whoever has the page key.

A request counts as local only when its connection comes from loopback, it asks for a loopback
name (a page elsewhere whose name was made to point here does not), and no proxy has passed it on.
Everybody else gives the key once as ``?key=...`` and is then known by a cookie. ``/webhook`` and
``/healthz`` have rules of their own.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from bot.pages.key import page_key, path_for
from bot.pages.render import page

COOKIE = "switchover_key"
COOKIE_SECONDS = 30 * 24 * 3600

PASSED_ON = ("forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
"""Headers that only a proxy adds, beside all ``x-forwarded-*``."""


class Answered(Exception):
    """Raised by the rule with the response that is sent instead of the page."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class GuardedRoute(APIRoute):
    """A route whose dependencies may answer in its place."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handle_guarded(request: Request) -> Response:
            try:
                response: Response = await handle(request)
            except Answered as answered:
                return answered.response
            return response

        return handle_guarded


def guarded_router(db: Path) -> APIRouter:
    """A router whose every route is under the rule, with the key kept beside ``db``.

    Raises InputError when the key's file cannot be used.
    """
    rule = Rule(page_key(db), path_for(db))
    return APIRouter(route_class=GuardedRoute, dependencies=[Depends(rule)], include_in_schema=False)


class Rule:
    """The dependency: lets a request pass, or answers it."""

    def __init__(self, key: str, kept_in: Path) -> None:
        self._key = key
        self._kept_in = kept_in

    async def __call__(self, request: Request) -> None:
        given = request.query_params.get("key")
        if given is not None:
            raise Answered(self._accepted(request) if self._fits(given) else self._refused(request, wrong=True))
        if not self._fits(request.cookies.get(COOKIE, "")) and not is_local(request):
            raise Answered(self._refused(request, wrong=False))

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._key.encode())

    def _accepted(self, request: Request) -> Response:
        """A page that leads on, not a redirect: after one from another site a strict cookie is not sent."""
        response = page(__package__, "welcome.html.jinja", path=_path(request))
        response.set_cookie(
            COOKIE, self._key, COOKIE_SECONDS, httponly=True, samesite="strict", secure=is_https(request)
        )
        return response

    def _refused(self, request: Request, wrong: bool) -> Response:
        """401. A request that another site led here has no cookie with it: its page asks again by itself."""
        again = request.headers.get("sec-fetch-site") == "cross-site" and request.method == "GET"
        query = request.scope["query_string"].decode("latin-1")
        target = _path(request) + (f"?{query}" if query and not wrong else "")
        return page(
            __package__, "refused.html.jinja", status=401, wrong=wrong, again=again and not wrong,
            target=target, path=_path(request), file=self._kept_in.name,
        )  # fmt: skip


def is_local(request: Request) -> bool:
    """Whether a browser on this machine asks this machine, with nobody between."""
    headers = request.headers
    passed_on = any(name in PASSED_ON or name.startswith("x-forwarded") for name in headers)
    hosts = headers.getlist("host")
    peer = request.client.host if request.client else ""
    # Browsers speak HTTP/1.1 at least; a proxy with its settings untouched speaks 1.0 and adds no header.
    old = request.scope.get("http_version") == "1.0"
    return not passed_on and not old and _is_loopback(peer) and len(hosts) == 1 and _is_loopback(_name(hosts[0]))


def is_https(request: Request) -> bool:
    """Whether the browser came over TLS; a proxy's word is enough, since it can only make the cookie stricter."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "") == "https"


def _path(request: Request) -> str:
    """The path on this server, whatever ``Host`` says; never one that a browser takes for another server's."""
    return "/" + quote(request.scope["path"]).lstrip("/")


def _name(host: str) -> str:
    """``Host`` without its port, and without the brackets of IPv6."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
