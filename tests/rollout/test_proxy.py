"""The way out of an agent that has gone: what the API still does for it is paid, and counted."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.rollout.external import proxy as module
from pipeline.rollout.external.proxy import Traffic, Upstream, proxy
from pipeline.rollout.wire import Usage

USAGE = {"usage": {"prompt_tokens": 9, "completion_tokens": 2}}
STREAM = [{"choices": [{"delta": {"content": "x" * 70_000}}]}, {"choices": []}, USAGE]


@dataclass
class SlowApi:
    """A real one on loopback that answers when it is told to."""

    url: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def slow_api() -> Iterator[SlowApi]:
    api = SlowApi()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.asked.set()
            api.answers.wait()
            streamed = bool(body.get("stream"))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
            self.end_headers()
            parts = [f"data: {json.dumps(part)}\n\n" for part in STREAM] if streamed else [json.dumps(USAGE)]
            for part in parts:
                self.wfile.write(part.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield api
    finally:
        api.answers.set()
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def asking(folder: Path, stream: bool = False) -> Iterator[None]:
    """An agent that has sent one turn; it is gone when the block ends."""
    body = json.dumps({"model": "m", "messages": [], "stream": stream}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as agent:
        agent.connect(str(folder / "api.sock"))
        agent.sendall(head.encode() + body)
        yield


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_after_the_agents_end_is_counted(tmp_path: Path, stream: bool) -> None:
    with slow_api() as api, proxy(tmp_path, "api.sock", Upstream(api.url, "openai")) as traffic:
        with asking(tmp_path, stream):
            assert api.asked.wait(60)
        api.answers.set()
    assert (traffic.usage, traffic.turns, traffic.uncounted, traffic.failed) == (Usage(9, 2), 1, 0, 0)


def test_an_agent_that_goes_in_the_middle_leaves_the_others_alone(tmp_path: Path) -> None:
    with slow_api() as api, proxy(tmp_path, "api.sock", Upstream(api.url, "openai")) as traffic:
        with asking(tmp_path):
            assert api.asked.wait(60)
        api.asked.clear()
        with asking(tmp_path):
            assert api.asked.wait(60)
            api.answers.set()
    assert (traffic.usage, traffic.turns) == (Usage(18, 4), 2)


def test_an_agent_that_is_killed_while_it_asks_has_tried_nothing(tmp_path: Path) -> None:
    with (
        slow_api() as api,
        proxy(tmp_path, "api.sock", Upstream(api.url, "openai")) as traffic,
        socket.socket(socket.AF_UNIX) as agent,
    ):
        agent.connect(str(tmp_path / "api.sock"))
        agent.sendall(b'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"model": "m"')
        agent.shutdown(socket.SHUT_WR)
        assert agent.recv(100) == b""
    assert (traffic.refused, traffic.failed, traffic.turns, traffic.uncounted) == ([], 0, 0, 0)


def test_an_answer_that_does_not_come_is_not_waited_for_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LAST_SECONDS", 0.05)
    with slow_api() as api:
        with proxy(tmp_path, "api.sock", Upstream(api.url, "openai")) as traffic, asking(tmp_path):
            assert api.asked.wait(60)
        assert (traffic.usage, traffic.turns, traffic.uncounted) == (Usage(), 0, 1)
        assert traffic.waited > 0


def test_what_comes_after_the_end_changes_nothing_and_nothing_is_asked_then() -> None:
    traffic = Traffic()
    with traffic.turn() as is_open:
        assert is_open
        traffic.settle(0.0)
        traffic.success(Usage(9, 2))
    assert (traffic.usage, traffic.turns, traffic.uncounted) == (Usage(), 0, 1)
    with traffic.turn() as is_open:
        assert not is_open
    traffic.settle(0.0)
    assert traffic.uncounted == 1


def test_a_turn_that_failed_is_not_waited_for() -> None:
    traffic = Traffic()
    with contextlib.suppress(ValueError), traffic.turn():
        traffic.failure("HTTP 500")
        raise ValueError
    traffic.settle(60.0)
    assert (traffic.failed, traffic.uncounted, traffic.under_way) == (1, 0, set())
