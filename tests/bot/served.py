"""An application behind a real server on loopback, and a client that keeps nothing but what it is told."""

import html
import http.client
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn


@contextmanager
def served(app: Any) -> Iterator[int]:
    """The port at which ``app`` answers."""
    config = uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False, ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    text: str

    @property
    def said(self) -> str:
        """The text with its entities resolved."""
        return html.unescape(self.text)

    @property
    def cookie(self) -> str:
        """``name=value`` of the one that is set, or ""."""
        return self.headers.get("set-cookie", "").partition(";")[0]


def get(port: int, target: str, **headers: str) -> Answer:
    """One GET; redirects are not followed. ``headers`` with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read().decode())
    finally:
        connection.close()
