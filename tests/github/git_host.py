"""Git over HTTP on loopback, as GitHub serves it: git's own http-backend behind an Authorization header."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class GitHost:
    """A context manager. ``tokens``: those that may read; empty: everybody may."""

    def __init__(self) -> None:
        self.repos: dict[str, Path] = {}
        """``owner/name`` to a repository on the disk."""
        self.tokens: set[str] = set()
        self.requests: list[str] = []
        """Paths, in the order in which they came."""
        self.broken: str = ""
        """Requests whose path holds this end in the middle; "" for none."""
        self.asked: Callable[[], None] = lambda: None
        """Called with each request, while git waits for the answer."""
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host._serve(self)

            def do_POST(self) -> None:
                host._serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def url(self, name: str) -> str:
        """Where ``name`` is cloned from."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}.git"

    def add(self, name: str, repo: Path) -> str:
        """Serve ``repo`` as ``name``; where from."""
        self.repos[name] = repo
        return self.url(name)

    def __enter__(self) -> GitHost:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, asked: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(asked.path)
        self.requests.append(parts.path)
        self.asked()
        name, _, rest = parts.path.lstrip("/").partition(".git/")
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        if not self._allowed(asked.headers.get("Authorization", "")):
            asked.send_response(401)
            asked.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            asked.end_headers()
        elif name not in self.repos:
            asked.send_error(404)
        elif self.broken and self.broken in asked.path:
            asked.connection.close()
        else:
            self._answer(asked, name, f"/{rest}", parts.query, body)

    def _allowed(self, header: str) -> bool:
        given = {f"Basic {base64.b64encode(f'x-access-token:{token}'.encode()).decode()}" for token in self.tokens}
        return not self.tokens or header in given

    def _answer(self, asked: BaseHTTPRequestHandler, name: str, path: str, query: str, body: bytes) -> None:
        repo = self.repos[name]
        root = repo / ".git" if (repo / ".git").is_dir() else repo
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": asked.command,
            "CONTENT_TYPE": asked.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": asked.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": asked.headers.get("Git-Protocol", ""),
        }
        out = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, content = out.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        asked.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for key, value in headers.items():
            asked.send_header(key, value)
        asked.end_headers()
        asked.wfile.write(content)
