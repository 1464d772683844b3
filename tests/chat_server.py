"""A replaying OpenAI-compatible chat server on loopback: real HTTP, scripted replies and faults.

A conversation is told apart by its first user message; its script is a list of steps, one per
request. The last step repeats. Every request's body and headers are kept.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = dict[str, Any]


def say(content: str | None, *calls: tuple[str, Any], finish: str = "", **message: Any) -> Step:
    """A reply with ``content`` and tool calls (name, arguments: an object, or a text sent as it is)."""
    tool_calls = [
        {
            "id": f"id{number}",
            "type": "function",
            "function": {"name": name, "arguments": text if isinstance(text, str) else json.dumps(text)},
        }
        for number, (name, text) in enumerate(calls)
    ]
    body = {"role": "assistant", "content": content, **({"tool_calls": tool_calls} if calls else {}), **message}
    return {"message": body, "finish": finish or ("tool_calls" if calls else "stop")}


def bash(command: str, content: str | None = "I run this.") -> Step:
    return say(content, ("bash", {"command": command}))


SUBMIT = bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "Done.")


def fault(status: int, text: str = "no", **headers: str) -> Step:
    return {"status": status, "text": text, "headers": headers}


def raw(body: bytes, status: int = 200) -> Step:
    return {"raw": body, "status": status}


def torn() -> Step:
    """Announces more bytes than it sends, then closes the connection."""
    return {"torn": True}


def hang_up() -> Step:
    """Closes the connection without a word."""
    return {"hang_up": True}


def slow(seconds: float, step: Step) -> Step:
    return {**step, "delay": seconds}


def trickle(seconds: float) -> Step:
    """One byte at a time, each ``seconds`` after the last."""
    return {"trickle": seconds}


@dataclass
class ChatServer:
    url: str = ""
    scripts: dict[str, Sequence[Step]] = field(default_factory=dict)
    """By a text that the conversation's first user message contains; "" fits all."""
    models: Sequence[str] | None = ("test-model",)
    """None: GET /models is answered with 404."""
    usage: dict[str, Any] = field(
        default_factory=lambda: {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 40},
        }
    )
    requests: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """The same, byte for byte."""
    headers: list[dict[str, str]] = field(default_factory=list)
    by_turn: bool = False
    """Steps go by the assistant turns that a request shows, not by how often was asked: a restarted client goes on."""
    _served: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step_for(self, data: bytes, headers: dict[str, str]) -> Step:
        body = json.loads(data)
        first = next((m["content"] for m in body["messages"] if m["role"] == "user"), "")
        key = next(key for key in self.scripts if key in first)
        with self._lock:
            self.requests.append(body)
            self.bodies.append(data)
            self.headers.append(headers)
            number = self._served.get(first, 0)
            self._served[first] = number + 1
        if self.by_turn:
            number = sum(message["role"] == "assistant" for message in body["messages"])
        script = self.scripts[key]
        return script[min(number, len(script) - 1)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        chat = self.server.chat
        chat.headers.append(dict(self.headers))
        if chat.models is None:
            self._send(404, b'{"detail": "Not Found"}')
        else:
            self._send(200, json.dumps({"data": [{"id": name} for name in chat.models]}).encode())

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        step = self.server.chat.step_for(data, dict(self.headers))
        time.sleep(step.get("delay", 0))
        if step.get("hang_up"):
            self.close_connection = True
        elif step.get("torn"):
            self._torn()
        elif "trickle" in step:
            self._trickle(step["trickle"])
        else:
            self._answer(step)

    def _answer(self, step: Step) -> None:
        if "raw" in step:
            self._send(step["status"], step["raw"])
        elif "status" in step:
            error = {"error": {"message": step["text"]}}
            self._send(step["status"], json.dumps(error).encode(), step["headers"])
        else:
            choice = {"index": 0, "message": step["message"], "finish_reason": step["finish"]}
            self._send(200, json.dumps({"choices": [choice], "usage": self.server.chat.usage}).encode())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _torn(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"choices": [')
        self.close_connection = True

    def _trickle(self, seconds: float) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(b" ")
                time.sleep(seconds)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    chat: ChatServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up is part of the tests


@contextmanager
def chat_server(*steps: Step, scripts: dict[str, Sequence[Step]] | None = None) -> Iterator[ChatServer]:
    """The server, with one script for every conversation, or ``scripts`` by their first words."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.chat = ChatServer(f"http://127.0.0.1:{server.server_address[1]}/v1", scripts or {"": steps})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
