"""The one way out of a sandboxed agent: a unix socket behind which our process speaks with one model API.

The agent finds the socket in its /tmp. What it may ask is decided in ``gate``; the key is added
here and never enters the sandbox; where to is the configured base URL and nothing else; what it
costs is read from the replies. Requests are bounded in size, time and number at once. An agent may
be gone, or killed, while the API works for it: that turn is paid, so its reply is read all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from pipeline.rollout.dialect import ANTHROPIC, OPENAI
from pipeline.rollout.external import gate
from pipeline.rollout.external.metering import Reading
from pipeline.rollout.wire import Usage

_AT_ONCE = 16
_SECONDS = 600.0
"""For one request, its reply included."""
_CHUNK = 1 << 16
_LAST_SECONDS = 60.0
"""After the agent's end, for the turns that are still with the API."""
_FREE = ("/models", "/messages/count_tokens")
"""Paths of requests that are no turns."""


@dataclass(frozen=True)
class Upstream:
    """The API behind the socket."""

    url: str
    """Base URL with ``/v1``."""
    style: str
    """anthropic or openai: which header carries the key."""
    key: str | None = field(default=None, repr=False)


@dataclass
class Traffic:
    """What passed; shared by the threads of one proxy."""

    usage: Usage = field(default_factory=Usage)
    turns: int = 0
    """Requests that the API answered with success and a usage."""
    uncounted: int = 0
    """Turns that told no usage, or had no reply yet at the very end: what they cost is not known."""
    failed: int = 0
    """Requests that the API refused or did not answer."""
    refused: list[str] = field(default_factory=list)
    """Why requests did not pass the gate, in order."""
    last_failure: str = ""
    under_way: set[int] = field(default_factory=set)
    """Threads whose turn is with the API."""
    is_over: bool = False
    """The agent has ended: nothing more is asked for it."""
    waited: float = 0.0
    """Seconds after its end, which are not its own."""
    lock: threading.Condition = field(default_factory=threading.Condition)

    @contextlib.contextmanager
    def turn(self) -> Iterator[bool]:
        """A turn of this thread, under way until the block ends; False: too late, it must not be asked."""
        me = threading.get_ident()
        with self.lock:
            is_open = not self.is_over
            if is_open:
                self.under_way.add(me)
        try:
            yield is_open
        finally:
            with self.lock:
                self._ended(me)

    def success(self, usage: Usage | None) -> None:
        """The API has answered this thread's turn."""
        with self.lock:
            if not self._ended(threading.get_ident()):
                return  # given up by ``settle``, which has counted it
            if usage is not None:
                self.usage += usage
                self.turns += 1
            else:
                self.uncounted += 1

    def settle(self, seconds: float) -> None:
        """End: wait at most so long for the turns under way. The numbers of turns stay as they are from then on."""
        started = time.monotonic()
        with self.lock:
            self.is_over = True
            self.lock.wait_for(lambda: not self.under_way, seconds)
            self.uncounted += len(self.under_way)
            self.under_way.clear()
        self.waited = time.monotonic() - started

    def _ended(self, thread: int) -> bool:
        """Whether it was still under way. Call with the lock."""
        was_under_way = thread in self.under_way
        self.under_way.discard(thread)
        self.lock.notify_all()
        return was_under_way

    def failure(self, what: str) -> None:
        with self.lock:
            self.failed += 1
            self.last_failure = what

    def refusal(self, why: str) -> None:
        with self.lock:
            self.refused.append(why)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, listener: socket.socket, upstream: Upstream, traffic: Traffic) -> None:
        super().__init__("", _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        dialect = ANTHROPIC if upstream.style == "anthropic" else OPENAI
        self.base = urlsplit(upstream.url.rstrip("/"))
        self.key = upstream.key or ""
        self.headers = dialect.headers(upstream.key)
        self.pool = urllib3.connection_from_url(upstream.url, maxsize=_AT_ONCE, block=True)
        self.traffic = traffic

    def get_request(self) -> tuple[socket.socket, str]:
        request, _ = self.socket.accept()
        request.settimeout(_SECONDS)
        return request, "sandbox"

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # an agent that went away; what was paid is counted where the reply is read


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._pass_on(lambda path: b"")

    def do_POST(self) -> None:
        self._pass_on(self._body)

    def _body(self, path: str) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > gate.MOST_BYTES:
            raise gate.Refused(413, f"give a Content-Length of at most {gate.MOST_BYTES} bytes")
        data = self.rfile.read(int(length))
        if len(data) < int(length):
            raise ConnectionResetError("gone, or killed, while it asked: no request, and no attempt at anything")
        return gate.body(data, path)

    def _pass_on(self, read: Callable[[str], bytes]) -> None:
        try:
            path = gate.target(self.command, self.path)
            data = read(path.partition("?")[0])
        except gate.Refused as refused:
            self.server.traffic.refusal(str(refused))
            error = {"error": {"type": "permission_error", "message": str(refused)}}
            self._say(refused.status, json.dumps(error).encode())
            return
        if path.startswith(_FREE):
            self._ask(path, data)
            return
        with self.server.traffic.turn() as is_open:
            if is_open:
                self._ask(path, data)

    def _ask(self, path: str, data: bytes) -> None:
        headers = {**self.server.headers, **gate.headers(dict(self.headers)), "accept-encoding": "identity"}
        try:
            answer = self.server.pool.urlopen(
                self.command,
                self.server.base.path + path,
                body=data or None,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=10.0, read=_SECONDS),
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            self.server.traffic.failure(type(error).__name__)
            self._say(502, f"the model API did not answer ({type(error).__name__})".encode(), "text/plain")
            return
        with contextlib.closing(answer):
            self._answer(answer, path)

    def _answer(self, answer: urllib3.BaseHTTPResponse, path: str) -> None:
        kind = answer.headers.get("Content-Type", "application/json")
        if answer.status != 200:
            said = answer.read(_CHUNK).replace(self.server.key.encode() or b"\0", b"[key]")
            self.server.traffic.failure(f"HTTP {answer.status}: {said[:200].decode('utf-8', 'replace')}")
            self._say(answer.status, said, kind, answer.headers.get("Retry-After"))
            return
        reading = Reading("event-stream" in kind)
        try:
            self._relay(answer, kind, reading)
        except urllib3.exceptions.HTTPError as error:
            self.server.traffic.failure(type(error).__name__)
        finally:  # what was sent is paid for, whether the agent still listens or not
            if not path.startswith(_FREE):
                self.server.traffic.success(reading.usage())

    def _relay(self, answer: urllib3.BaseHTTPResponse, kind: str, reading: Reading) -> None:
        """The reply as it comes, and to its end where nobody listens any more: the usage is told last."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        with contextlib.suppress(OSError):
            self.end_headers()
        listens = True
        deadline = time.monotonic() + _SECONDS
        while chunk := answer.read1(_CHUNK):
            reading.feed(chunk)
            listens = listens and self._sent(chunk)
            if time.monotonic() >= deadline:
                break

    def _sent(self, data: bytes) -> bool:
        """Whether the agent takes it; to one that does not, nothing more is written, since each try may last."""
        try:
            self.wfile.write(data)
        except OSError:
            return False
        return True

    def _say(self, status: int, data: bytes, kind: str = "application/json", retry_after: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: what passed is counted."""


@contextlib.contextmanager
def proxy(folder: Path, name: str, upstream: Upstream) -> Iterator[Traffic]:
    """Listen on the socket ``name`` in ``folder`` until the block ends; what passed.

    The block ends when the agent has ended; turns that are with the API then have ``_LAST_SECONDS``.
    ``folder`` must not be in anybody's hands yet. Raises OSError when it cannot be used.
    """
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    listener = socket.socket(socket.AF_UNIX)
    try:
        # Through the descriptor: paths of sockets end at 107 bytes, paths of workspaces do not.
        listener.bind(f"/proc/self/fd/{handle}/{name}")
        (folder / name).chmod(0o666)
        listener.listen(128)
    finally:
        os.close(handle)
    traffic = Traffic()
    server = _Server(listener, upstream, traffic)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield traffic
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        traffic.settle(_LAST_SECONDS)
