"""What HTTP asks of the receiver beside a request and its answer, byte by byte."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.bot.receiver import Receiver, receiving, rows, signed

BODY = json.dumps({"action": "closed", "repository": {"id": 9}}).encode()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with receiving(tmp_path_factory.mktemp("protocol") / "so.db") as running:
        yield running


@contextmanager
def line_to(receiver: Receiver) -> Iterator[socket.socket]:
    place = urlsplit(receiver.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=30) as line:
        yield line


def head(guid: str, *more: str, path: str = "/webhook", version: str = "1.1") -> bytes:
    given = {"host": "localhost", **signed(BODY, guid), "content-length": str(len(BODY))}
    lines = [f"POST {path} HTTP/{version}", *(f"{name}: {value}" for name, value in given.items()), *more, "", ""]
    return "\r\n".join(lines).encode()


def to_the_end(line: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    with line.makefile("rb") as answer:
        return answer.read()


def answers(text: bytes) -> list[bytes]:
    return [part.split(b"\r\n")[0] for part in text.split(b"HTTP/1.1 ")[1:]]


def test_who_waits_to_be_asked_for_the_body_is_asked(receiver: Receiver) -> None:
    with line_to(receiver) as line:
        line.sendall(head("expects", "expect: 100-continue", "connection: close"))
        assert line.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(BODY)
        assert answers(to_the_end(line)) == [b"202 Accepted"]


def test_who_would_be_refused_is_not_asked_for_the_body(receiver: Receiver) -> None:
    with line_to(receiver) as line:
        line.sendall(b"PUT /webhook HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert line.recv(1000).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(("version", "more"), [("1.1", "connection: close"), ("1.0", "x: y")])
def test_a_connection_that_ends_with_its_answer(receiver: Receiver, version: str, more: str) -> None:
    with line_to(receiver) as line:
        line.sendall(head(f"ends-{version[-1]}", more, version=version) + BODY)
        said = to_the_end(line)
    assert answers(said) == [b"202 Accepted"] and b"\r\nconnection: close\r\n" in said and b"\r\ndate: " in said


def test_requests_sent_ahead_are_answered_in_their_order(receiver: Receiver) -> None:
    get = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"
    wrong = head("wrong").replace(b"sha256=", b"sha256=0")
    with line_to(receiver) as line:
        line.sendall(head("first") + BODY + get + head("second") + BODY + wrong + BODY + head("first") + BODY)
        line.sendall(b"GET /webhook HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        said = to_the_end(line)
    assert [answer[:3] for answer in answers(said)] == [b"202", b"200", b"202", b"401", b"202", b"405"]
    assert said.count(b'"duplicate": true') == 1


def test_thousands_sent_ahead_are_answered(receiver: Receiver) -> None:
    refused = b"GET /webhook HTTP/1.1\r\n\r\n"
    with line_to(receiver) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n" + refused * 300)
        line.sendall(b"GET /webhook HTTP/1.1\r\nconnection: close\r\n\r\n")
        said = to_the_end(line)
    assert [answer[:3] for answer in answers(said)] == [b"200"] + [b"405"] * 301


def test_a_path_with_a_query_is_ours(receiver: Receiver) -> None:
    with line_to(receiver) as line:
        line.sendall(head("query", "connection: close", path="/webhook?from=github") + BODY)
        assert answers(to_the_end(line)) == [b"202 Accepted"]


def test_a_sender_that_leaves_before_the_commit_is_not_answered_and_its_delivery_stays(receiver: Receiver) -> None:
    with closing(sqlite3.connect(receiver.db, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with line_to(receiver) as line:
            line.sendall(head("left") + BODY)
            time.sleep(0.2)
        other.execute("ROLLBACK")
    assert receiver.deliver(BODY, "left").json == {"accepted": True, "duplicate": True}
    assert [guid for (guid,) in rows(receiver.db, "guid")].count("left") == 1


def test_nothing_of_all_that_was_a_crash(receiver: Receiver) -> None:
    """Last in this file on purpose: the log of everything above."""
    assert "Traceback" not in receiver.log.read_text()
