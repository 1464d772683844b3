"""uvicorn's HTTP protocol with an end to what it collects before there is a request to refuse.

Alone it keeps every header that somebody cares to send, signed or not: 100 MB of short ones take 2 GB.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_UNREAD = 64 * 1024
"""Bytes of which nothing comes: no end of a head, no piece of a body. GitHub's heads have about 1 KiB."""


class Protocol(HttpToolsProtocol):
    """Ends a connection whose head, trailer or chunk line does not end."""

    _unread = 0

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > MOST_UNREAD and not self.transport.is_closing():
            self.logger.warning("a request's head is larger than %d bytes; the connection is closed", MOST_UNREAD)
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        self._unread = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()
