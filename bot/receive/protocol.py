"""uvicorn's HTTP protocol, with a way of its own for deliveries and an end to what is collected before a request.

``/webhook`` goes to a Post directly, everything else to the application as uvicorn does it. Alone, uvicorn keeps
every header that somebody cares to send, signed or not: 100 MB of short ones take 2 GB.
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from bot.receive.endpoint import EXTRA, PATH, Endpoint, Post

MOST_UNREAD = 64 * 1024
"""Bytes of which nothing comes: no end of a head, no piece of a body. GitHub's heads have about 1 KiB."""


class Protocol(HttpToolsProtocol):
    """Ends a connection whose head, trailer or chunk line does not end."""

    _unread = 0
    cycle: Any
    """The newest request: an Exchange, or uvicorn's own RequestResponseCycle."""

    def __init__(self, endpoint: Endpoint, **given: Any) -> None:
        super().__init__(**given)
        self._endpoint = endpoint

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > MOST_UNREAD and not self.transport.is_closing():
            self.logger.warning("a request's head is larger than %d bytes; the connection is closed", MOST_UNREAD)
            self.send_400_response("The head of the request is too large.")
        if isinstance(self.cycle, Exchange) and self.cycle.post.reading:
            self.cycle.post.wait(self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(self.cycle, Exchange):
            self.cycle.post.leave()
            self.cycle = None
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._unread = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._unread = 0
        if (self.url != PATH and httptools.parse_url(self.url).path != PATH) or self._is_full():
            super().on_headers_complete()
            return
        before, self.cycle = self.cycle, Exchange(self)
        if before is None or before.response_complete:
            self.cycle.begin()
        else:  # as uvicorn does it: begun when those before it are answered
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _is_full(self) -> bool:
        return self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if isinstance(cycle, Exchange):
            self.loop.call_soon(cycle.begin)  # called here, a thousand that are refused would be as many deep
        else:
            super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        if isinstance(self.cycle, Exchange):
            self.cycle.piece(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        if isinstance(self.cycle, Exchange):
            self.cycle.end()
        else:
            super().on_message_complete()


class Exchange:
    """A Post and its place among its connection's requests; to uvicorn's protocol a RequestResponseCycle."""

    __slots__ = ("_begun", "_early", "_ended", "_head", "_protocol", "keep_alive", "post", "response_complete")

    def __init__(self, protocol: Protocol) -> None:
        parser = protocol.parser
        self._protocol = protocol
        self._head = parser.get_method(), protocol.headers, protocol.expect_100_continue
        self._early = b""
        self._begun = self._ended = False
        self.post = Post(protocol._endpoint, self._answer)
        self.response_complete = False
        self.keep_alive = parser.should_keep_alive() and parser.get_http_version() != "1.0"

    def begin(self) -> None:
        method, headers, expects = self._head
        self._begun = True
        self.post.begin(method, dict(headers))
        if expects and self.post.reading and not self._protocol.transport.is_closing():
            self._protocol.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._early:
            self.post.piece(self._early)
        if self._ended:
            self.post.end()

    def piece(self, body: bytes) -> None:
        if self._begun:
            self.post.piece(body)
        else:  # reading is paused: this is what had been read by then
            self._early += body

    def end(self) -> None:
        self._ended = True
        if self._begun:
            self.post.end()

    def _answer(self, status: int, body: bytes) -> None:
        protocol, transport, extra = self._protocol, self._protocol.transport, EXTRA.get(status, b"")
        self.response_complete = True
        if transport.is_closing():
            return
        if protocol.flow.write_paused:  # hundreds of answers that the sender does not read
            transport.abort()
            return
        if b"connection: close" in extra:
            self.keep_alive = False
        elif not self.keep_alive:
            extra += b"connection: close\r\n"
        defaults = b"".join([b"%b: %b\r\n" % header for header in protocol.server_state.default_headers])
        head = b"%bcontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n"
        sent = head % (STATUS_LINE[status] + defaults, len(body), extra)
        transport.write(sent if self._head[0] == b"HEAD" else sent + body)
        if not self.keep_alive:
            transport.close()
        protocol.on_response_complete()
