"""The host that artifacts are fetched from: another one than the API's, which must never see a token."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Blob:
    """What is answered under one address."""

    data: bytes
    status: int = 200
    cut: int = 0
    """Bytes that are not sent before the connection closes."""
    headers: Mapping[str, str] | None = None


class Blobs:
    """Listens from ``run`` to ``stop``; addresses are handed out by ``put``."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.blobs = {}  # type: ignore[attr-defined]
        self._server.seen = []  # type: ignore[attr-defined]
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="blobs")

    @property
    def seen(self) -> list[dict[str, str]]:
        """Headers of each request, names in lower case."""
        return self._server.seen  # type: ignore[attr-defined, no-any-return]

    def put(self, blob: Blob) -> str:
        """Its address, a key by itself."""
        path = f"/results/{next(self._numbers)}?sig=secret%2Bkey"
        self._server.blobs[path] = blob  # type: ignore[attr-defined]
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def run(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.seen.append({name.lower(): value for name, value in self.headers.items()})
        blob = server.blobs.get(self.path, Blob(b"", 403))
        self.send_response_only(blob.status)
        for name, value in {"Content-Length": str(len(blob.data)), **(blob.headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(blob.data[: len(blob.data) - blob.cut])

    def log_message(self, *_: Any) -> None:
        pass
