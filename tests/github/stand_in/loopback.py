"""The HTTP server of the stand-in: keep-alive, a thread for each connection, and broken answers on demand."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.github.stand_in.faults import Fault
from tests.github.stand_in.wire import Request, Response, parse

Handle = Callable[[Request, str], tuple[Fault | None, Response]]
"""From a request and the value of its Authorization to what goes wrong, and the answer."""


class Server(ThreadingHTTPServer):
    """Listens on a port of its own from the start; ``run`` and ``stop`` once each."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, handle: Handle, prefix: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.port = self.server_address[1]
        self.answer = handle
        self.prefix = prefix
        self.accepted = 0
        self._open: set[socket.socket] = set()
        self.ending = threading.Event()
        """Set when nobody waits for a late answer any more."""
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, name="stand-in")

    def run(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.ending.set()
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            _hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.accepted += 1
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Server

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = parse(self.command, self.path, headers, body, self.server.prefix, time.monotonic())
        fault, response = self.server.answer(request, headers.get("authorization", ""))
        self.server.ending.wait(fault.seconds if fault else 0)
        if fault and fault.reset:
            return self._break()
        return self._send(response, fault.cut if fault else 0)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _serve

    def _send(self, response: Response, cut: int) -> None:
        body = response.body()
        self.send_response_only(response.status)
        headers = {"content-type": "application/json; charset=utf-8", **response.headers}
        if response.status != 204:
            headers["content-length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])
        self.wfile.flush()
        if cut:
            self.close_connection = True

    def _break(self) -> None:
        """An abortive close: the other side reads a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was first
