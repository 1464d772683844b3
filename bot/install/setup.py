"""The setup page: choose, press one button, and the App exists on GitHub with what it needs and no more.

Works without JavaScript. The choice is a form that is read by GET; the manifest goes to GitHub from
the browser; GitHub sends the browser back with a code, which this server exchanges for the
credentials. Under the same rule of access as all pages.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.errors import NotFound, Rejected, Unavailable
from bot.handle import state as worker_state
from bot.install.convert import convert
from bot.install.facts import belief, facts
from bot.install.form import DEFAULTS, FormError, Wish, parse
from bot.install.lines import lines
from bot.install.permissions import EVENTS, GRANTS, PROFILES, SUMMARIES, manifest, rows
from bot.install.states import LIFETIME_S, Pending, States
from bot.pages.access import guarded_router, is_https
from bot.pages.render import page
from pipeline import config, credentials
from pipeline.addresses import web_of
from pipeline.credentials import Credentials, Registration
from pipeline.errors import InputError, SwitchoverError

log = logging.getLogger(__name__)

COOKIE = "switchover_setup"
HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


def setup_router(db: Path) -> APIRouter:
    """The routes ``/setup`` and ``/setup/callback`` over the credentials of ``db``.

    Receiver and worker find their file by themselves once it is written.
    """
    setup = Setup(db)
    router = guarded_router(db)
    router.add_api_route("/setup", setup.show, methods=["GET"])
    router.add_api_route("/setup/callback", setup.callback, methods=["GET"])
    return router


class Setup:
    """What both routes share: the database's path and the setups under way."""

    def __init__(self, db: Path) -> None:
        self._db = db
        self._file = credentials.path_for(db)
        self._states = States()
        self._writing = threading.Lock()

    def show(self, request: Request) -> Response:
        """``GET /setup``: the state when the App is set up, else the form, or the button once it is filled in."""
        try:
            known = credentials.load(self._db)
        except InputError as error:
            return _problem(500, "The credentials cannot be read", str(error))
        if _is_set_up(known):
            return self._state(known)
        if not _given(request) or "change" in request.query_params or _led_here(request):
            return _form(request, known)
        try:
            wish = _wish(request, known)
        except FormError as error:
            return _form(request, known, error.fields)
        return self._button(request, wish)

    def callback(self, request: Request, code: str = "", state: str = "") -> Response:
        """``GET /setup/callback``: the browser is back from GitHub."""
        pending = self._states.take(state, request.cookies.get(COOKIE, ""))
        if pending is None:
            return (
                RedirectResponse("/setup", 303)
                if self._done()
                else _problem(400, "Not a setup of this browser", _STALE)
            )
        try:
            if pending.wish.keep == "file":
                credentials.check_writable(self._file)
            made = convert(pending.wish.api_url, code)
        except SwitchoverError as error:
            return self._failed(error, state, pending)
        log.info("setup: GitHub has made the App %r (id %d)", made.slug, made.app_id)
        return _forget_cookie(self._keep(made, pending))

    def _done(self) -> bool:
        try:
            return _is_set_up(credentials.load(self._db))
        except InputError:
            return True

    def _keep(self, made: Registration, pending: Pending) -> Response:
        if pending.wish.keep == "environment":
            return _lines(made)
        try:
            with self._writing:
                credentials.save(self._file, made)
        except SwitchoverError as error:  # the code is used up, so what it gave must not be lost
            log.error("setup: %s", error)
            return _lines(made, str(error))
        log.info("setup: credentials are in %s", self._file)
        return RedirectResponse("/setup", 303)

    def _failed(self, error: SwitchoverError, state: str, pending: Pending) -> Response:
        log.warning("setup: %s", error)
        status, title = next(said for kind, said in _FAILURES.items() if isinstance(error, kind))
        again = not isinstance(error, (NotFound, Rejected, InputError))
        if again:
            self._states.put_back(state, pending)
        return _problem(status, title, str(error), again, None if again else pending.wish)

    def _state(self, known: Credentials) -> Response:
        told = belief(worker_state.read(self._db))
        found = facts(known, self._db) + ([told] if told else [])
        from_file = known.source != credentials.ENVIRONMENT and self._file.exists()
        files = {"file": self._file.name, "db": self._db.name, "from_file": from_file}
        return _page("state.html.jinja", known=known, facts=found, **files)

    def _button(self, request: Request, wish: Wish) -> Response:
        host = request.headers.get("host", "")
        if not HOST.fullmatch(host):
            return _problem(400, "No usable Host header", "Open this page by the server's name, in a browser.")
        here = f"{'https' if is_https(request) else 'http'}://{host}"
        home = f"{wish.web}/{wish.organization}" if wish.organization else wish.public_url
        asked = manifest(wish.profile, wish.name, home, wish.webhook_url, f"{here}/setup/callback")
        state = self._states.begin(wish)
        response = _page(
            "button.html.jinja", form_action=f"'self' {wish.web}", wish=wish, state=state, manifest=json.dumps(asked),
            shown=json.dumps(asked, indent=2), grants=GRANTS[wish.profile], events=EVENTS[wish.profile],
            file=self._file.name, given=_given(request),
        )  # fmt: skip
        response.set_cookie(
            COOKIE, state, LIFETIME_S, path="/setup", httponly=True, samesite="lax", secure=is_https(request)
        )
        return response


_FAILURES: dict[type[SwitchoverError], tuple[int, str]] = {
    NotFound: (400, "GitHub does not take the code"),
    Rejected: (502, "GitHub's answer cannot be used"),
    Unavailable: (502, "GitHub did not answer"),
    InputError: (409, "Another App is registered here"),
    SwitchoverError: (500, "The credentials cannot be kept"),
}
"""The first kind that fits."""

_STALE = (
    "This return from GitHub belongs to no setup that this browser began here within the last hour: it was begun "
    "elsewhere, finished before, or the server was restarted since. If you have just made an App there, delete it "
    "in GitHub's settings: nobody holds its key."
)


def _is_set_up(known: Credentials) -> bool:
    return known.app_id is not None or known.private_key is not None or bool(known.webhook_secrets)


def _wish(request: Request, known: Credentials) -> Wish:
    wish = parse(request.query_params)
    if config.app_environment().github_url and wish.api_url != known.api_url:
        raise FormError({"github": f"SWITCHOVER_GITHUB_URL says {known.api_url}, and it would win; unset one of them."})
    return wish


def _form(request: Request, known: Credentials, wrong: dict[str, str] | None = None) -> Response:
    values = {**DEFAULTS, "github": web_of(known.api_url), "public_url": _guess(request)}
    return _page(
        "form.html.jinja", status=400 if wrong else 200, values=values | _given(request), wrong=wrong or {},
        profiles=[(name, SUMMARIES[name]) for name in PROFILES], grants=rows(),
    )  # fmt: skip


def _given(request: Request) -> dict[str, str]:
    return {name: request.query_params[name] for name in DEFAULTS if name in request.query_params}


def _led_here(request: Request) -> bool:
    """By another site's link: it may fill in the form, but the button is shown only to who has seen the form."""
    return request.headers.get("sec-fetch-site") == "cross-site"


def _guess(request: Request) -> str:
    """The address by which the browser came, when it came over https: likely GitHub's way in too."""
    host = request.headers.get("host", "")
    return f"https://{host}" if is_https(request) and HOST.fullmatch(host) else ""


def _lines(made: Registration, error: str = "") -> Response:
    status = 500 if error else 200
    return _page("lines.html.jinja", status=status, made=made, lines=lines(made), error=error)


def _problem(status: int, title: str, what: str, again: bool = False, app: Wish | None = None) -> Response:
    """``again``: loading the page once more may help. ``app``: GitHub may have made the App all the same."""
    return _page("problem.html.jinja", status=status, title=title, what=what, again=again, app=app)


def _page(template: str, **values: Any) -> Response:
    return page(__package__, template, here="/setup", **values)


def _forget_cookie(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/setup")
    return response
