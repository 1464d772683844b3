"""GitHub's web side for the manifest flow: its page with the button, in front of the stand-in's API."""

import html
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

from tests.github.stand_in import StandIn
from tests.github.stand_in.faults import Fault
from tests.github.stand_in.wire import Response

API = "/api/v3"
SECRET = "w" * 40


class Web(ThreadingHTTPServer):
    """What it was asked for is in ``asked``: the path, the headers and the manifest of each press of the button."""

    def __init__(self, github: StandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.github = github
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.ways_back: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def page(self, target: str, headers: dict[str, str], form: str) -> str:
        """The page that shows the App once more, with a button of its own."""
        parts, manifest = urlsplit(target), json.loads(parse_qs(form)["manifest"][0])
        self.asked.append((parts.path, headers, manifest))
        made(self.github, manifest)
        code = secrets.token_hex(20)
        self.github.codes.add(code)
        self.ways_back[code] = f"{manifest['redirect_url']}?" + urlencode(
            {"code": code, "state": parse_qs(parts.query)["state"][0]}
        )
        name = html.escape(manifest["name"])
        button = f'<form method="post" action="/create?code={code}"><button>Create GitHub App for you</button></form>'
        return f"<!doctype html><title>GitHub</title><h1>Create {name}</h1>{button}"


def made(github: StandIn, manifest: dict[str, Any]) -> None:
    """From now on the stand-in's App is the one of ``manifest``."""
    owner = {"login": "acme", "type": "Organization"}
    app = {"id": github.app_id, "slug": "switchover-acme", "name": manifest["name"], "owner": owner}
    app |= {"permissions": manifest["default_permissions"], "events": manifest["default_events"]}
    app |= {"html_url": "https://github.com/apps/switchover-acme"}
    given = {"pem": github.key, "webhook_secret": SECRET, "client_id": "Iv1.1", "client_secret": "c" * 40}
    github.hook["url"] = manifest["hook_attributes"]["url"]
    forever = float("inf")
    github.fail(Fault(Response(200, app)), "GET", "/app", forever, lambda request: request.path == "/app")
    github.fail(Fault(Response(201, {**app, **given}), before=False), "POST", "/conversions", forever)


@contextmanager
def web(github: StandIn) -> Iterator[Web]:
    """A running one; ``github`` has the prefix API."""
    server = Web(github)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/api/"):
            return self._hand_on(body)
        if self.path.startswith("/create?"):
            self.send_response(302)
            self.send_header("location", self.server.ways_back[self.path.partition("=")[2]])
            return self.end_headers()
        headers = {name.lower(): value for name, value in self.headers.items()}
        page = self.server.page(self.path, headers, body.decode())
        return self._answer(200, {"content-type": "text/html; charset=utf-8"}, page.encode())

    do_GET = do_POST = _serve

    def _hand_on(self, body: bytes) -> None:
        with urllib3.PoolManager(retries=False) as pool:
            target = self.server.github.url.removesuffix(API) + self.path
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = pool.request(self.command, target, body=body, headers=headers, redirect=False)
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        self._answer(answer.status, kept, answer.data)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
