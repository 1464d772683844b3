"""``POST /webhook``: read, verify, store, answer. Only 202 says that a delivery is ours now.

Checked in this order, so that nobody without the secret learns or costs more than needed: the method,
our own state, the length, the signature, then what was signed. Nothing of a refused delivery is kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.receive import webhook
from bot.receive.inbox import Inbox, Unwritable
from bot.receive.refusals import Refusals

PATH = "/webhook"

READ_SECONDS = 30
"""In which a body must have come; GitHub itself gives up after 10 s, an Enterprise Server after 30 s."""

MOST_HELD = 256 * 1024**2
"""Bytes of bodies in memory, all requests together; beyond that the next ones are answered 503."""

EXTRA = {
    405: [(b"allow", b"POST")],
    408: [(b"connection", b"close")],
    503: [(b"retry-after", b"30")],
}
"""Headers that go with an answer."""

ACCEPTED = b'{"accepted": true}'
KNOWN = b'{"accepted": true, "duplicate": true}'
NOT_SET_UP = "the App is not set up: no webhook secret; open /setup, or set SWITCHOVER_WEBHOOK_SECRET"
FULL = "too much is being received at the moment; try again later"


class NotNow(Exception):
    """Nothing is wrong with the delivery and it cannot be taken: answer 503."""


class NoBody(webhook.Refused):
    """The connection ended before the body did."""


class NotPosted(webhook.Refused):
    """Something else than POST."""

    status = 405


@dataclass
class Room:
    """Bytes that may still be held, for the requests of one event loop together."""

    free: int = MOST_HELD


class Endpoint:
    """Takes ``POST /webhook`` itself, into ``inbox``, and hands everything else on to ``app``.

    It stands before the framework, whose work for one request is about as much as all of ours.
    """

    def __init__(
        self, app: ASGIApp, inbox: Inbox, secrets: Callable[[], Sequence[str]], room: Room | None = None
    ) -> None:
        self._app = app
        self._inbox = inbox
        self._secrets = secrets
        self._room = room or Room()
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        try:
            new = await self._take(scope, receive)
        except (webhook.Refused, NotNow, Unwritable, TimeoutError) as reason:
            await self._refuse(send, reason)
        else:
            await _send(send, 202, ACCEPTED if new else KNOWN)

    async def _take(self, scope: Scope, receive: Receive) -> bool:
        """Whether the delivery, now stored, was new."""
        if scope["method"] != "POST":
            raise NotPosted("deliveries are posted")
        secrets = self._secrets()
        if not secrets:
            raise NotNow(NOT_SET_UP)
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"")
        _check_length(int(announced) if announced.isdigit() else 0)
        held = bytearray()
        try:
            await self._read(receive, held)
            return await self._inbox.put(webhook.parse(bytes(held), headers, secrets))
        finally:
            self._room.free += len(held)

    async def _read(self, receive: Receive, held: bytearray) -> None:
        """The body into ``held``; the clock runs from its first piece on, and most have only one."""
        if await self._piece(receive, held):
            async with asyncio.timeout(READ_SECONDS):
                while await self._piece(receive, held):
                    pass

    async def _piece(self, receive: Receive, held: bytearray) -> bool:
        """Take one piece if there is room for it; whether more will come."""
        message = await receive()
        if message["type"] != "http.request":
            raise NoBody("the connection ended before the body did")
        piece: bytes = message.get("body", b"")
        if len(piece) > self._room.free:
            raise NotNow(FULL)
        self._room.free -= len(piece)
        held += piece
        _check_length(len(held))
        return bool(message.get("more_body"))

    async def _refuse(self, send: Send, reason: Exception) -> None:
        status, why = getattr(reason, "status", 503), str(reason)
        if isinstance(reason, TimeoutError):
            status, why = 408, f"the body did not come within {READ_SECONDS} s"
        self._refusals.note(status, why)
        await _send(send, status, json.dumps({"error": why}).encode(), EXTRA.get(status, ()))


def _check_length(length: int) -> None:
    """``length``: as the header announces it, or of the body so far. Raises TooLarge."""
    if length > webhook.MOST_BYTES:
        raise webhook.TooLarge(f"the body is larger than {webhook.MOST_BYTES} bytes")


async def _send(send: Send, status: int, body: bytes, extra: Sequence[tuple[bytes, bytes]] = ()) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
