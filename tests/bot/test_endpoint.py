"""The receiver over real HTTP: what GitHub sends is stored byte for byte, what others send is refused."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.receive import webhook
from tests.bot.receiver import SECRET, Receiver, receiving, rows, rss, signed
from tests.github.recordings import WEBHOOKS, webhooks

BODY = json.dumps({"action": "closed", "installation": {"id": 7}, "repository": {"id": 9}}).encode()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with receiving(tmp_path_factory.mktemp("receiver") / "so.db", f"{SECRET}, the next one") as running:
        yield running


@pytest.mark.parametrize("source", WEBHOOKS)
def test_every_recorded_delivery_is_stored_byte_for_byte(receiver: Receiver, source: str) -> None:
    expected = {}
    line = HTTPConnection(urlsplit(receiver.url).netloc)
    for number, (event, payload) in enumerate(webhooks(source)):
        guid, body = f"{source.replace('.', '-')}-{number}", json.dumps(payload, indent=1).encode()
        line.request("POST", "/webhook", body, signed(body, guid, event))
        answer = line.getresponse()
        assert (answer.status, json.loads(answer.read())) == (202, {"accepted": True})
        expected[guid] = (event, payload.get("action"), payload.get("repository", {}).get("id"), body)
    line.close()
    stored = {row[0]: row[1:] for row in rows(receiver.db, "guid, event, action, repo_id, body")}
    assert {guid: stored[guid] for guid in expected} == expected


def test_all_recordings_are_tried() -> None:
    assert sum(len(webhooks(source)) for source in WEBHOOKS) == 726


def test_a_row_waits_with_what_the_worker_asks_for(receiver: Receiver) -> None:
    receiver.deliver(BODY, "row")
    columns = "guid, event, action, installation, repo_id, source, state, tries, due_at, body"
    assert ("row", "pull_request", "closed", 7, 9, "webhook", "waiting", 0, 0, BODY) in rows(receiver.db, columns)


def test_a_second_delivery_of_a_guid_changes_nothing_and_says_so(receiver: Receiver) -> None:
    assert receiver.deliver(BODY, "twice").json == {"accepted": True}
    again = receiver.deliver(b'{"other": 1}', "twice")
    assert (again.status, again.json) == (202, {"accepted": True, "duplicate": True})
    assert [body for guid, body in rows(receiver.db) if guid == "twice"] == [BODY]


def test_both_secrets_are_valid_while_rotating(receiver: Receiver) -> None:
    for secret in (SECRET, "the next one"):
        assert receiver.post(BODY, signed(BODY, secret=secret)).status == 202
    assert receiver.post(BODY, signed(BODY, secret="the one before")).status == 401


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in signed(BODY).items() if key != name}


def changed(**headers: str) -> dict[str, str]:
    return {**signed(BODY), **{name.replace("_", "-"): value for name, value in headers.items()}}


FORM = "application/x-www-form-urlencoded"
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
HOSTILE = {
    "no signature": (BODY, without("x-hub-signature-256"), 401),
    "an empty signature": (BODY, changed(x_hub_signature_256=""), 401),
    "another secret": (BODY, signed(BODY, secret="guessed"), 401),
    "an empty secret": (BODY, signed(BODY, secret=""), 401),
    "sha1": (BODY, changed(x_hub_signature_256="sha1=" + "0" * 40), 401),
    "a signature that is not ASCII": (BODY, changed(x_hub_signature_256="sha256=\xe9\xff" + "0" * 62), 401),
    "a signature of another body": (BODY + b" ", signed(BODY), 401),
    "half a signature": (BODY, changed(x_hub_signature_256=signed(BODY)["x-hub-signature-256"][:40]), 401),
    "no GUID": (BODY, without("x-github-delivery"), 400),
    "a GUID that is long": (BODY, changed(x_github_delivery="a" * 65), 400),
    "a GUID that is odd": (BODY, changed(x_github_delivery="1'); DROP TABLE deliveries;--"), 400),
    "a GUID that is not ASCII": (BODY, changed(x_github_delivery="\xe9"), 400),
    "no event": (BODY, without("x-github-event"), 400),
    "an event that is long": (BODY, changed(x_github_event="a" * 100_000), 400),
    "an event that is odd": (BODY, changed(x_github_event="../etc"), 400),
    "no content type": (BODY, without("content-type"), 415),
    "a form": (b"payload=%7B%7D", {**signed(b"payload=%7B%7D"), "content-type": FORM}, 415),
    "text": (BODY, changed(content_type="text/plain"), 415),
    "no JSON": (b"{", signed(b"{"), 400),
    "nothing": (b"", signed(b""), 400),
    "an array": (b"[{}]", signed(b"[{}]"), 400),
    "bytes that are not UTF-8": (b'{"a": "\xff"}', signed(b'{"a": "\xff"}'), 400),
    "UTF-16": ("{}".encode("utf-16"), signed("{}".encode("utf-16")), 400),
    "JSON nested too deeply": (DEEP, signed(DEEP), 400),
    "a number without end": (b'{"a": ' + b"9" * 10_000 + b"}", signed(b'{"a": ' + b"9" * 10_000 + b"}"), 400),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_request_is_refused_and_leaves_nothing(receiver: Receiver, what: str) -> None:
    body, headers, status = HOSTILE[what]
    before = rows(receiver.db, "guid")
    answer = receiver.post(body, headers)
    assert answer.status == status
    assert list(answer.json) == ["error"] and "\n" not in answer.json["error"]
    assert SECRET not in answer.json["error"] and str(receiver.db) not in answer.json["error"]
    assert rows(receiver.db, "guid") == before


ODD = {
    "an id beyond 64 bits": {"repository": {"id": 2**64}, "installation": {"id": -1}, "action": "x" * 100},
    "ids of other types": {"repository": {"id": True}, "installation": {"id": "7"}, "action": 1},
    "things that are none": {"repository": [], "installation": 5, "action": None},
    "lone surrogates": {"repository": {"id": 1.5}, "action": "\ud800"},
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_signed_and_odd_is_kept_with_nothing_read_from_it(receiver: Receiver, what: str) -> None:
    body = json.dumps(ODD[what]).encode()
    guid = what.replace(" ", "-")
    assert receiver.deliver(body, guid).status == 202
    assert (guid, None, None, None, body) in rows(receiver.db, "guid, action, installation, repo_id, body")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_only_post_is_allowed(receiver: Receiver, method: str) -> None:
    line = HTTPConnection(urlsplit(receiver.url).netloc)
    line.request(method, "/webhook")
    answer = line.getresponse()
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    line.close()


@pytest.mark.parametrize(
    "path", ["/nothing", "/webhook/", "/webhook2", "/docs", "/openapi.json", "/redoc", "//webhook"]
)
def test_an_unknown_path_is_not_found(receiver: Receiver, path: str) -> None:
    answer = receiver.get(path)
    assert answer.status == 404
    assert b"Traceback" not in answer.body
    assert "server" not in answer.headers


def exchange(receiver: Receiver, *pieces: bytes) -> bytes:
    """The first line of what is answered to raw bytes; b"" when the connection is closed without a word."""
    place = urlsplit(receiver.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=60) as line:
        with suppress(BrokenPipeError, ConnectionResetError):  # answered before all was sent
            for piece in pieces:
                line.sendall(piece)
        with suppress(ConnectionResetError), line.makefile("rb") as answer:
            return answer.readline().strip()
        return b""


def head(*lines: str) -> bytes:
    return "\r\n".join(["POST /webhook HTTP/1.1", "host: localhost", *lines, "", ""]).encode("latin-1")


def test_a_body_that_announces_too_much_is_refused_before_it_is_sent(receiver: Receiver) -> None:
    answer = exchange(receiver, head(f"content-length: {webhook.MOST_BYTES + 1}"))
    assert answer == b"HTTP/1.1 413 Request Entity Too Large"


def test_a_body_that_announces_nothing_is_cut_off_at_the_limit(receiver: Receiver) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    before = rows(receiver.db, "guid")
    answer = exchange(receiver, head("transfer-encoding: chunked"), *[chunk] * 27)
    assert answer == b"HTTP/1.1 413 Request Entity Too Large"
    assert rows(receiver.db, "guid") == before


def test_the_largest_delivery_is_taken(receiver: Receiver) -> None:
    body = b'{"a": "' + b"x" * (25 * 1024**2 - 9) + b'"}'
    assert receiver.deliver(body, "largest").status == 202
    assert [len(body) for guid, body in rows(receiver.db) if guid == "largest"] == [25 * 1024**2]


def test_a_body_in_chunks_is_one_body(receiver: Receiver) -> None:
    headers = [f"{name}: {value}" for name, value in signed(BODY, "chunks").items()]
    chunks = [b"%x\r\n%b\r\n" % (1, BODY[at : at + 1]) for at in range(len(BODY))]
    answer = exchange(receiver, head("transfer-encoding: chunked", *headers), *chunks, b"0\r\n\r\n")
    assert answer == b"HTTP/1.1 202 Accepted"
    assert ("chunks", BODY) in rows(receiver.db)


BROKEN = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "two lengths": head("content-length: 1", "content-length: 2") + b"{}",
    "length and chunks": head("content-length: 2", "transfer-encoding: chunked") + b"{}",
    "a length that is none": head("content-length: -1"),
    "a path that is not ASCII": b"POST /webhook\xff HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a header that is not ended": b"POST /webhook HTTP/1.1\r\nhost localhost\r\n\r\n",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_not_http_is_answered_400(receiver: Receiver, what: str) -> None:
    assert exchange(receiver, BROKEN[what]).startswith(b"HTTP/1.1 4")


ENDLESS = {
    "many headers": (head()[:-2], b"a: b\r\n" * 50_000),
    "one header": (head()[:-2] + b"a: ", b"b" * 300_000),
    "an address": (b"POST /webhook", b"k" * 300_000),
    "many trailers": (head("transfer-encoding: chunked") + b"1\r\n{\r\n0\r\n", b"a: b\r\n" * 50_000),
    "one trailer": (head("transfer-encoding: chunked") + b"0\r\na: ", b"b" * 300_000),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_becomes_a_request_is_cut_off(receiver: Receiver, what: str) -> None:
    begin, more = ENDLESS[what]
    assert exchange(receiver, begin, *[more] * 300) in (b"HTTP/1.1 400 Bad Request", b"")
    assert rss(receiver) < 300, "megabytes, after 90 were offered"


def test_a_sender_that_leaves_in_the_middle_leaves_nothing(receiver: Receiver) -> None:
    place = urlsplit(receiver.url)
    before = rows(receiver.db, "guid")
    headers = [f"{name}: {value}" for name, value in signed(BODY).items()]
    with socket.create_connection((place.hostname or "", place.port or 0)) as line:
        line.sendall(head(f"content-length: {len(BODY)}", *headers) + BODY[:-1])
    assert receiver.get("/healthz").status == 200
    assert rows(receiver.db, "guid") == before


def test_health_tells_numbers_and_no_names(receiver: Receiver) -> None:
    receiver.deliver(BODY)
    told = receiver.get("/healthz")
    assert told.status == 200
    names = ["ok", "version", "set_up", "worker", "worker_state", "waiting", "oldest_waiting_seconds", "dead"]
    assert list(told.json) == names
    assert (told.json["ok"], told.json["set_up"], told.json["worker"], told.json["dead"]) == (True, True, False, 0)
    assert told.json["waiting"] == len(rows(receiver.db, "guid"))
    assert told.json["oldest_waiting_seconds"] >= 0


def test_the_pages_are_there(receiver: Receiver) -> None:
    for path in ("/", "/setup", "/repositories", "/deliveries"):
        answer = receiver.get(path)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_without_a_secret_nothing_is_believed(tmp_path: Path) -> None:
    with receiving(tmp_path / "so.db", secrets="") as receiver:
        answer = receiver.post(BODY, signed(BODY, secret=""))
        assert (answer.status, "not set up" in answer.json["error"]) == (503, True)
        assert answer.headers["retry-after"] == "30"
        assert receiver.get("/healthz").json["set_up"] is False
    assert rows(tmp_path / "so.db") == []


def test_nothing_of_all_that_was_a_crash(receiver: Receiver) -> None:
    """Last in this file on purpose: the log of all that this process was asked above."""
    for _ in range(3):
        receiver.post(BODY, signed(BODY, secret="guessed"))
    log = receiver.log.read_text()
    assert "Traceback" not in log and SECRET not in log
    assert "answered 401: the signature does not match" in log
    assert log.count("answered 401") <= 2, "one line a minute"
