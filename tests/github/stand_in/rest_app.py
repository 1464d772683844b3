"""REST of the stand-in: the App, its installations, its webhook and its deliveries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.github.stand_in.identity import FULL, TOKEN_SECONDS, iso, private_key
from tests.github.stand_in.routes import needs_app, present, route
from tests.github.stand_in.wire import Problem, Request, Response, link, missing, page

if TYPE_CHECKING:
    from tests.github.stand_in.server import StandIn


@route("GET", "/app")
def app(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    needs_app(request)
    owner = {"login": "acme", "id": 1, "type": "Organization"}
    shown = {"id": github.app_id, "slug": "switchover", "name": "Switchover", "owner": owner, "permissions": FULL}
    return Response(200, {**shown, "html_url": github.app_page, "events": [], "installations_count": 1})


@route("GET", "/user")
def user(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    if request.who != "token":
        raise Problem(403, "Resource not accessible by integration")
    return Response(200, {"login": "ada", "id": 7, "type": "User"})


@route("GET", "/app/hook/config")
def hook(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    needs_app(request)
    return Response(200, {**github.hook, "secret": "********"})


@route("PATCH", "/app/hook/config")
def change_hook(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    github.hook.update(request.body)
    return hook(github, request, match)


@route("GET", "/app/installations")
def installations(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    needs_app(request)
    there = [each.shown(github.app_id) for each in github.installations.values() if not each.removed]
    return page(request, github.url, there)


@route("GET", r"/app/installations/(?P<id>\d+)")
def installation(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    needs_app(request)
    return Response(200, present(github, int(match["id"])).shown(github.app_id))


@route("POST", r"/app/installations/(?P<id>\d+)/access_tokens")
def mint(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    needs_app(request)
    found = present(github, int(match["id"]))
    if found.suspended:
        raise Problem(403, "This installation has been suspended")
    token, expires = github.mint(found.id), github.now() + TOKEN_SECONDS
    shown = {"token": token, "expires_at": iso(expires), "permissions": found.permissions}
    return Response(201, {**shown, "repository_selection": "selected"})


@route("GET", "/app/hook/deliveries")
def deliveries(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    """Newest first, by cursor; without their payloads."""
    needs_app(request)
    size, cursor = int(request.query.get("per_page", "30")), request.query.get("cursor")
    newest = sorted(github.deliveries, key=lambda row: row["id"], reverse=True)
    if cursor:
        newest = [row for row in newest if row["id"] < int(cursor.removeprefix("v1_"))]
    shown = [{k: v for k, v in row.items() if k not in ("request", "response", "url")} for row in newest[:size]]
    more = len(newest) > size
    links = {"Link": link(request, github.url, "cursor", {"next": f"v1_{shown[-1]['id']}"})} if more else {}
    return Response(200, shown, links)


@route("GET", r"/app/hook/deliveries/(?P<id>\d+)")
def delivery(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    needs_app(request)
    for row in github.deliveries:
        if row["id"] == int(match["id"]):
            return Response(200, row)
    raise missing()


@route("POST", r"/app-manifests/(?P<code>[^/]+)/conversions")
def convert(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    """Asks for no credentials; a code is good once."""
    if match["code"] not in github.codes:
        raise missing()
    github.codes.remove(match["code"])
    secrets = {"pem": private_key(), "webhook_secret": "hush", "client_id": "Iv1.1", "client_secret": "c" * 40}
    shown = {"id": github.app_id, "slug": "switchover", "node_id": "A_1", "name": "Switchover"}
    return Response(201, {**shown, "html_url": github.app_page, "owner": {"login": "acme"}, **secrets})


@route("GET", "/installation/repositories")
def granted(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    if not request.who.isdecimal():
        raise Problem(403, "Resource not accessible by integration")
    there = [each.shown() for each in github.visible(request.who)]
    return page(request, github.url, there, "repositories")


@route("GET", "/rate_limit")
def rate(github: StandIn, request: Request, match: re.Match[str]) -> Response:
    rates = {
        name: {k: v for k, v in rate.items() if k != "resource"} for name, rate in github.rates(request.who).items()
    }
    return Response(200, {"resources": rates, "rate": rates["core"]})
