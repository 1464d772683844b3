"""The pages that show what the bot does. They only read.

GET /                              what needs attention, then everything at one glance
GET /repositories                  all of them, by name
GET /repositories/{owner}/{name}   one: progress, what was left out, newest pull requests
GET /deliveries                    newest first, by state and event
GET /deliveries/{guid}             one, without its body
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response

from bot.handle import state as worker_state
from bot.pages import links, queries
from bot.pages.access import Answered, guarded_router
from bot.pages.links import Links
from bot.pages.overview import figure, missing, overview
from bot.pages.progress import is_busy
from bot.pages.queries import DELIVERY_STATES, DeliveryFilter
from bot.pages.render import page
from bot.pages.runs import adapter_lines, run_lines
from bot.pages.view import (
    STATES,
    delivery_line,
    outgoing_line,
    reason_line,
    repository_lines,
)
from pipeline import app_state, credentials
from pipeline.addresses import GITHUB_API, web_of
from pipeline.app_state import Reading, Reason
from pipeline.credentials import Credentials
from pipeline.errors import InputError

PAGE = 50
"""Rows of a list on one page."""


def router(db: Path) -> APIRouter:
    """The read-only pages over the database ``db``, under the rule of ``bot.pages.access``.

    Raises InputError when the page key cannot be used.
    """
    pages, routes = Pages(db), guarded_router(db)
    routes.add_api_route("/", pages.overview, methods=["GET"])
    routes.add_api_route("/repositories", pages.repositories, methods=["GET"])
    routes.add_api_route("/repositories/{name:path}", pages.repository, methods=["GET"])
    routes.add_api_route("/deliveries", pages.deliveries, methods=["GET"])
    routes.add_api_route("/deliveries/{guid:path}", pages.delivery, methods=["GET"])
    return routes


class Pages:
    """One method per page. Each runs in a thread of the server's pool and opens the database for itself."""

    def __init__(self, db: Path) -> None:
        self._db = db

    def overview(self) -> Response:
        known, wrong = self._credentials()
        now = datetime.now(UTC)
        with self._reading() as read:
            seen = overview(read, known, wrong, now)
        return _page("dashboard.html.jinja", here="/", now=now, o=seen, figure=figure)

    def repositories(self, after: str = "") -> Response:
        now = datetime.now(UTC)
        with self._reading() as read:
            found = app_state.repositories(read, "name > ?", after, most=PAGE + 1)
            shown = found[:PAGE]
            rows = repository_lines(shown, queries.collected(read, shown), now)
        more = rows[-1].name if len(found) > PAGE else None
        busy = any(is_busy(one, now) for one in shown)
        return _page(
            "repositories.html.jinja",
            now=now,
            rows=rows,
            more=more,
            busy=busy,
            first=not after,
        )

    def repository(self, name: str, reason: str = "", offset: str = "") -> Response:
        known, _ = self._credentials()
        now, start = datetime.now(UTC), _whole(offset) or 0
        with self._reading() as read:
            found = app_state.repositories(read, "name = ?", name)
            if not found:
                return _missing("repository", name)
            left_out = queries.left_out_page(read, name, reason or None, start, PAGE + 1)
            return _page(
                "repository.html.jinja",
                now=now,
                one=found[0],
                line=repository_lines(found, queries.collected(read, found), now)[0],
                busy=is_busy(found[0], now),
                to=Links(web_of(known.api_url)),
                reasons_found=[reason_line(Reason(*row), name) for row in queries.left_out_reasons(read, name)],
                reason=reason,
                left_out=left_out[:PAGE],
                offset=start,
                next_offset=start + PAGE if len(left_out) > PAGE else None,
                pulls=queries.kept_pulls(read, name, 20),
                runs=run_lines(read, found[0], Links(web_of(known.api_url))),
                adapters=adapter_lines(read, name),
                outgoing=[outgoing_line(row) for row in queries.outgoing(read, found[0].id, 20)],
            )

    def deliveries(self, state: str = "", event: str = "", before: str = "") -> Response:
        wanted = DeliveryFilter(state if state in DELIVERY_STATES else None, event.strip() or None, _whole(before))
        with self._reading() as read:
            found = queries.delivery_page(read, wanted, PAGE)
            names = queries.names_of(read, {row.repo_id for row in found.rows if row.repo_id is not None})
        rows = [delivery_line(row, names) for row in found.rows]
        return _page(
            "deliveries.html.jinja",
            here="/deliveries",
            rows=rows,
            older=found.older,
            w=wanted,
            states=STATES,
            query=links.query,
        )

    def delivery(self, guid: str) -> Response:
        with self._reading() as read:
            found = queries.delivery(read, guid)
            if found is None:
                return _missing("delivery", guid)
            row, size = found
            names = queries.names_of(read, {row.repo_id} if row.repo_id is not None else set())
            account = read.value("SELECT account FROM installations WHERE id = ?", row.installation)
        line = delivery_line(row, names)
        return _page(
            "delivery.html.jinja",
            here="/deliveries",
            row=row,
            line=line,
            size=size,
            account=account,
            states=STATES,
            repository_href=links.repository,
        )

    @contextmanager
    def _reading(self) -> Iterator[Reading]:
        try:
            with app_state.reading(self._db) as read:
                yield read
        except InputError as error:
            raise Answered(_page("trouble.html.jinja", status=503, what=str(error))) from None

    def _credentials(self) -> tuple[Credentials, list[str]]:
        """What is known of the App, and what is wrong with it."""
        try:
            known = credentials.load(self._db)
        except InputError as error:
            return Credentials(None, None, (), GITHUB_API), [str(error)]
        worker = worker_state.read(self._db)
        refused = [worker.message] if worker and worker.state == "refused" and not missing(known) else []
        return known, [*missing(known), *refused]


def _missing(kind: str, name: str) -> Response:
    return _page("missing.html.jinja", status=404, kind=kind, name=name)


def _whole(text: str) -> int | None:
    """A number from an address, 0 at least; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _page(template: str, here: str = "", **values: Any) -> Response:
    return page(__package__, template, here=here, **values)
