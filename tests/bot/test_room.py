"""What the endpoint holds in memory, and for how long: bounded, and given back whatever happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.receive import endpoint
from bot.receive.endpoint import Endpoint, Room
from bot.receive.webhook import Arrival
from tests.bot.receiver import SECRET, signed

BODY = json.dumps({"filler": "x" * 1000}).encode()


class Stored:
    """An inbox that keeps what it is given in memory."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def put(self, arrival: Arrival) -> bool:
        self.bodies.append(arrival.body)
        return True


async def pieces(body: bytes, size: int, pause: float = 0) -> AsyncIterator[dict[str, Any]]:
    for at in range(0, len(body), size):
        await asyncio.sleep(pause)
        yield {"type": "http.request", "body": body[at : at + size], "more_body": at + size < len(body)}
    while True:
        yield {"type": "http.disconnect"}


def answer(room: Room, stored: Stored, messages: AsyncIterator[dict[str, Any]]) -> tuple[int, dict[bytes, bytes]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in signed(BODY).items()]
    scope = {"type": "http", "method": "POST", "path": "/webhook", "headers": headers}

    async def call() -> None:
        taken = Endpoint(None, stored, lambda: (SECRET,), room)  # type: ignore[arg-type]
        await taken(scope, messages.__anext__, send)

    asyncio.run(call())
    return sent[0]["status"], dict(sent[0]["headers"])


@pytest.mark.parametrize("size", [1, 7, len(BODY)])
def test_pieces_make_one_body_and_the_room_is_given_back(size: int) -> None:
    room, stored = Room(len(BODY)), Stored()
    assert answer(room, stored, pieces(BODY, size))[0] == 202
    assert stored.bodies == [BODY]
    assert room.free == len(BODY)


@pytest.mark.parametrize("size", [1, 7, len(BODY)])
def test_without_room_it_is_answered_503_and_what_was_held_is_given_back(size: int) -> None:
    room, stored = Room(len(BODY) - 1), Stored()
    status, headers = answer(room, stored, pieces(BODY, size))
    assert (status, headers[b"retry-after"]) == (503, b"30")
    assert stored.bodies == []
    assert room.free == len(BODY) - 1


def test_a_body_that_takes_too_long_is_answered_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "READ_SECONDS", 0.05)
    room, stored = Room(), Stored()
    status, headers = answer(room, stored, pieces(BODY, 1, pause=0.01))
    assert (status, headers[b"connection"]) == (408, b"close")
    assert stored.bodies == []
    assert room == Room()


def test_a_sender_that_leaves_gives_its_room_back() -> None:
    async def half() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": BODY[:100], "more_body": True}
        yield {"type": "http.disconnect"}

    room, stored = Room(), Stored()
    assert answer(room, stored, half())[0] == 400
    assert room == Room() and stored.bodies == []
