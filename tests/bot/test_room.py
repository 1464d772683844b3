"""What the endpoint holds in memory, and for how long: bounded, and given back whatever happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from bot.receive import endpoint
from bot.receive.endpoint import Endpoint, Post, Room
from bot.receive.webhook import Arrival
from tests.bot.receiver import SECRET, signed

BODY = json.dumps({"filler": "x" * 1000}).encode()
HEADERS = {name.encode(): value.encode() for name, value in signed(BODY).items()}


class Stored:
    """An inbox that keeps what it is given in memory."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def hand(self, arrival: Arrival, then: Callable[[bool], None]) -> None:
        self.bodies.append(arrival.body)
        then(True)


def begun(room: Room, stored: Stored) -> tuple[Post, list[int]]:
    """A request whose head has come, and the statuses that it is answered with."""
    answers: list[int] = []
    taken = Endpoint(stored, lambda: (SECRET,), room)  # type: ignore[arg-type]
    post = Post(taken, lambda status, body: answers.append(status))
    post.begin(b"POST", HEADERS)
    return post, answers


def send(post: Post, size: int) -> None:
    for at in range(0, len(BODY), size):
        post.piece(BODY[at : at + size])
    post.end()


@pytest.mark.parametrize("size", [1, 7, len(BODY)])
def test_pieces_make_one_body_and_the_room_is_given_back(size: int) -> None:
    room, stored = Room(len(BODY)), Stored()
    post, answers = begun(room, stored)
    send(post, size)
    assert (answers, stored.bodies, room.free) == ([202], [BODY], len(BODY))


@pytest.mark.parametrize("size", [1, 7, len(BODY)])
def test_without_room_it_is_answered_503_and_what_was_held_is_given_back(size: int) -> None:
    room, stored = Room(len(BODY) - 1), Stored()
    post, answers = begun(room, stored)
    send(post, size)
    assert (answers, stored.bodies, room.free) == ([503], [], len(BODY) - 1)


def test_a_body_that_takes_too_long_is_answered_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "READ_SECONDS", 0.05)
    room, stored = Room(), Stored()
    post, answers = begun(room, stored)

    async def slowly() -> None:
        post.piece(BODY[:1])
        assert post.reading
        post.wait(asyncio.get_running_loop())
        await asyncio.sleep(0.2)

    asyncio.run(slowly())
    send(post, len(BODY))
    assert (answers, stored.bodies, room) == ([408], [], Room())


def test_a_sender_that_leaves_gives_its_room_back() -> None:
    room, stored = Room(), Stored()
    post, answers = begun(room, stored)
    post.piece(BODY[:100])
    assert room != Room()
    post.leave()
    assert (answers, stored.bodies, room) == ([], [], Room())
