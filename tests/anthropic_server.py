"""A strict server of the Anthropic Messages API on loopback, written from its public reference.

It refuses, as the API does, what breaks the rules: no version header, no max_tokens, a first turn
that is not the user's, turns that do not alternate, tool results that do not answer exactly the
calls before them, empty texts, unknown fields, more than four cache marks. Its replies are a script;
its prompt cache is real: what was marked and sent before counts as read.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = dict[str, Any]

_FIELDS = {"model", "max_tokens", "messages", "system", "tools", "temperature", "stream", "stop_sequences", "metadata"}
_BLOCKS = {
    "text": ({"type", "text"}, set()),
    "tool_use": ({"type", "id", "name", "input"}, set()),
    "tool_result": ({"type", "tool_use_id"}, {"content", "is_error"}),
    "thinking": ({"type", "thinking", "signature"}, set()),
}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def use(command: str, id: str = "toolu_01A") -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "bash", "input": {"command": command}}


def turn(*blocks: dict[str, Any], stop: str = "") -> Step:
    called = any(block["type"] == "tool_use" for block in blocks)
    return {"content": list(blocks), "stop_reason": stop or ("tool_use" if called else "end_turn")}


def error(status: int, kind: str, message: str, **headers: str) -> Step:
    return {"status": status, "error": {"type": kind, "message": message}, "headers": headers}


SUBMIT = turn(use("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "toolu_last"))


class Invalid(Exception):
    """An invalid_request_error."""


@dataclass
class Messages:
    url: str
    key: str
    steps: Sequence[Step]
    requests: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What was refused with invalid_request_error."""
    headers: list[dict[str, str]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, body: dict[str, Any]) -> Step:
        with self._lock:
            step = self.steps[min(len(self.requests), len(self.steps) - 1)]
            self.requests.append(body)
            return step

    def usage(self, body: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, int]:
        """A character is a token. What lies before a cache mark is read where it was written before."""
        prompt = [body.get("tools", []), body.get("system", []), *(m["content"] for m in body["messages"])]
        parts = [block for group in prompt for block in group]
        read = written = total = 0
        sent, before = "", set(self._seen)
        for part in parts:
            sent += json.dumps({key: value for key, value in part.items() if key != "cache_control"})
            total = len(sent)
            if sent in before:  # found also where the mark has moved on: the API looks back over earlier blocks
                read = total
            if "cache_control" in part:
                self._seen.add(sent)
                written = total - read
        return {
            "input_tokens": total - read - written,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "output_tokens": len(json.dumps(blocks)),
        }


def check(body: dict[str, Any]) -> None:
    unknown = body.keys() - _FIELDS
    if unknown:
        raise Invalid(f"{min(unknown)}: Extra inputs are not permitted")
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            raise Invalid(f"{name}: Field required")
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        raise Invalid("max_tokens: must be greater than or equal to 1")
    for tool in body.get("tools", []):
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool["name"]) or tool["input_schema"].get("type") != "object":
            raise Invalid("tools: name or input_schema is invalid")
    for block in body.get("system", []):
        _check_block(block, {"text"})
    _check_turns(body["messages"])
    marks = json.dumps(body).count('"cache_control"')
    if marks > 4:
        raise Invalid(f"A maximum of 4 blocks with cache_control may be provided. Found {marks}.")


def _check_turns(messages: list[dict[str, Any]]) -> None:
    if not messages or messages[0]["role"] != "user":
        raise Invalid("messages: first message must use the user role")
    pending: list[str] = []
    before = ""
    for number, message in enumerate(messages):
        role, blocks = message["role"], message["content"]
        if role not in ("user", "assistant") or role == before or not isinstance(blocks, list) or not blocks:
            raise Invalid(f"messages.{number}: roles must alternate, and content must not be empty")
        allowed = {"text", "tool_result"} if role == "user" else {"text", "tool_use", "thinking"}
        for block in blocks:
            _check_block(block, allowed)
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if role == "user":
            kinds = [block["type"] for block in blocks]
            if sorted(results) != sorted(pending) or kinds[: len(results)] != ["tool_result"] * len(results):
                raise Invalid(f"messages.{number}: `tool_use` ids were found without `tool_result` blocks after")
        pending = [block["id"] for block in blocks if block["type"] == "tool_use"]
        before = role
    if before != "user":
        raise Invalid("messages: the last turn must be the user's")


def _check_block(block: dict[str, Any], allowed: set[str]) -> None:
    kind = block.get("type")
    if kind not in allowed:
        raise Invalid(f"{kind}: not allowed here")
    needed, may = _BLOCKS[kind]
    keys = block.keys() - {"cache_control"}
    if not needed <= keys <= needed | may:
        raise Invalid(f"{kind}: fields {sorted(keys)}")
    if kind == "text" and not block["text"].strip():
        raise Invalid("messages: text content blocks must be non-empty")
    if kind == "tool_use" and not isinstance(block["input"], dict):
        raise Invalid("tool_use.input: Input should be a valid dictionary")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self._may():
            self._send(200, {"data": [{"type": "model", "id": "claude-test"}], "has_more": False})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._may():
            return
        api = self.server.api
        api.headers.append(dict(self.headers))
        try:
            check(body)
        except Invalid as fault:
            api.faults.append(str(fault))
            self._send(400, {"type": "error", "error": {"type": "invalid_request_error", "message": str(fault)}})
            return
        step = api.next(body)
        if "error" in step:
            self._send(step["status"], {"type": "error", "error": step["error"]}, step["headers"])
            return
        answer = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "stop_sequence": None,
            **step,
            "usage": api.usage(body, step["content"]),
        }
        if body.get("stream"):
            self._stream(answer)
        else:
            self._send(200, answer)

    def _may(self) -> bool:
        ok = self.headers.get("x-api-key") == self.server.api.key and self.headers.get("anthropic-version")
        if self.path.partition("?")[0] not in ("/v1/messages", "/v1/models"):
            self._send(404, {"type": "error", "error": {"type": "not_found_error", "message": "Not found"}})
        elif not ok:
            self._send(
                401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
            )
        else:
            return True
        return False

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, held in (headers or {}).items():
            self.send_header(name.replace("_", "-"), held)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, answer: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        start = {**answer, "content": [], "stop_reason": None, "usage": {**answer["usage"], "output_tokens": 1}}
        events = [{"type": "message_start", "message": start}]
        for index, block in enumerate(answer["content"]):
            events.append({"type": "content_block_start", "index": index, "content_block": block})
            events.append({"type": "content_block_stop", "index": index})
        done = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
        usage = {"output_tokens": answer["usage"]["output_tokens"]}
        events += [{"type": "message_delta", "delta": done, "usage": usage}, {"type": "message_stop"}]
        for event in events:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: Messages

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that gave up is part of the tests


@contextmanager
def anthropic_server(*steps: Step, key: str = "sk-ant-secret-1") -> Iterator[Messages]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.api = Messages(f"http://127.0.0.1:{server.server_address[1]}/v1", key, steps)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
