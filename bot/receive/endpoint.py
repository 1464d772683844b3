"""``POST /webhook``: read, verify, store, answer. Only 202 says that a delivery is ours now.

Checked in this order, so that nobody without the secret learns or costs more than needed: the method,
our own state, the length, the signature, then what was signed. Nothing of a refused delivery is kept.

Not done here: HTTP (protocol.py), which gives a Post its pieces and takes its answer. There is neither a
coroutine nor an ASGI message in between: these cost more than verifying and storing a delivery.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.receive import webhook
from bot.receive.inbox import Inbox, Unwritable
from bot.receive.refusals import Refusals

log = logging.getLogger(__name__)

PATH = b"/webhook"

READ_SECONDS = 30
"""In which a body must have come; GitHub itself gives up after 10 s, an Enterprise Server after 30 s."""

MOST_HELD = 256 * 1024**2
"""Bytes of bodies in memory, all requests together; beyond that the next ones are answered 503."""

EXTRA = {
    405: b"allow: POST\r\n",
    408: b"connection: close\r\n",
    503: b"retry-after: 30\r\n",
}
"""Headers that go with an answer."""

ACCEPTED = b'{"accepted": true}'
KNOWN = b'{"accepted": true, "duplicate": true}'
NOT_SET_UP = "the App is not set up: no webhook secret; open /setup, or set SWITCHOVER_WEBHOOK_SECRET"
FULL = "too much is being received at the moment; try again later"
OURS = "the receiver made a mistake; its log says which"


class NotNow(Exception):
    """Nothing is wrong with the delivery and it cannot be taken: answer 503."""


class NotPosted(webhook.Refused):
    """Something else than POST."""

    status = 405


class TooSlow(webhook.Refused):
    """The body did not come in time."""

    status = 408


@dataclass
class Room:
    """Bytes that may still be held, for the requests of one event loop together."""

    free: int = MOST_HELD


class Endpoint:
    """What all requests share: the inbox, the secrets in force, and the room for bodies."""

    def __init__(self, inbox: Inbox, secrets: Callable[[], Sequence[str]], room: Room | None = None) -> None:
        self.inbox = inbox
        self.secrets = secrets
        self.room = room or Room()
        self.refusals = Refusals()


class Post:
    """One request, in the event loop: ``begin``, a ``piece`` for each that comes, ``end``; or ``leave`` at any time.

    ``answer`` is called once with status and body, perhaps before the end, and never after ``leave``.
    """

    __slots__ = ("_answer", "_clock", "_endpoint", "_headers", "_held", "_secrets", "reading")

    def __init__(self, endpoint: Endpoint, answer: Callable[[int, bytes], None]) -> None:
        self._endpoint = endpoint
        self._answer: Callable[[int, bytes], None] | None = answer
        self._held: bytes | bytearray = b""
        self._clock: asyncio.TimerHandle | None = None
        self.reading = False
        """Whether pieces are still wanted."""

    def begin(self, method: bytes, headers: Mapping[bytes, bytes]) -> None:
        """Names of headers in lower case. Whether the body is wanted, ``reading`` says afterwards."""
        try:
            if method != b"POST":
                raise NotPosted("deliveries are posted")
            self._headers, self._secrets = headers, self._endpoint.secrets()
            if not self._secrets:
                raise NotNow(NOT_SET_UP)
            announced = headers.get(b"content-length", b"")
            _check_length(int(announced) if announced.isdigit() else 0)
        except (webhook.Refused, NotNow) as reason:
            self._refuse(reason)
        else:
            self.reading = True

    def wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """More has yet to come. Most bodies come at once and never need a clock."""
        if self._clock is None:
            self._clock = loop.call_later(READ_SECONDS, self._expire)

    def piece(self, piece: bytes) -> None:
        """Take it if there is room for it."""
        if not self.reading:
            return
        room = self._endpoint.room
        try:
            if len(piece) > room.free:
                raise NotNow(FULL)
            room.free -= len(piece)
            self._held = _joined(self._held, piece)
            _check_length(len(self._held))
        except (webhook.Refused, NotNow) as reason:
            self._refuse(reason)

    def end(self) -> None:
        """The body is complete."""
        if not self.reading:
            return
        self._stop_reading()
        try:
            arrival = webhook.parse(bytes(self._held), self._headers, self._secrets)
        except webhook.Refused as reason:
            self._refuse(reason)
        except Exception:
            log.exception("webhook: a delivery could not be read")
            self._finish(500, _error(OURS))
        else:
            self._endpoint.inbox.hand(arrival, self._stored)

    def leave(self) -> None:
        """The connection ended. What is being stored stays; nobody is told."""
        self._answer = None
        if self.reading:
            self._endpoint.refusals.note(400, "the connection ended before the body did")
            self._stop_reading()
            self._give_back()

    def _expire(self) -> None:
        self._refuse(TooSlow(f"the body did not come within {READ_SECONDS} s"))

    def _stored(self, outcome: bool | Unwritable) -> None:
        if isinstance(outcome, Unwritable):
            self._refuse(outcome)
        else:
            self._finish(202, ACCEPTED if outcome else KNOWN)

    def _refuse(self, reason: Exception) -> None:
        status = getattr(reason, "status", 503)
        self._endpoint.refusals.note(status, str(reason))
        self._finish(status, _error(str(reason)))

    def _finish(self, status: int, body: bytes) -> None:
        self._stop_reading()
        self._give_back()
        answer, self._answer = self._answer, None
        if answer:
            answer(status, body)

    def _stop_reading(self) -> None:
        self.reading = False
        if self._clock is not None:
            self._clock.cancel()

    def _give_back(self) -> None:
        self._endpoint.room.free += len(self._held)
        self._held = b""


def _check_length(length: int) -> None:
    """``length``: as the header announces it, or of the body so far. Raises TooLarge."""
    if length > webhook.MOST_BYTES:
        raise webhook.TooLarge(f"the body is larger than {webhook.MOST_BYTES} bytes")


def _joined(held: bytes | bytearray, piece: bytes) -> bytes | bytearray:
    """Most bodies come as one piece, which is then not copied."""
    if not held:
        return piece
    joined = held if isinstance(held, bytearray) else bytearray(held)
    joined += piece
    return joined


def _error(why: str) -> bytes:
    return json.dumps({"error": why}).encode()
