"""HTTP on loopback: ``GET /v1/models`` and ``POST /v1/chat/completions`` (not streaming)."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.rollout.scripted.replies import reply
from pipeline.rollout.scripted.usage import usage

NAME = "scripted"
"""The model name to ask for."""


@contextlib.contextmanager
def serve(port: int = 0) -> Iterator[str]:
    """Serve until the block ends; yields the base URL, which ends in ``/v1``.

    ``port`` 0 takes any free one. Raises OSError when the port is taken.
    """
    server = _Server(("127.0.0.1", port), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client's idle kept-alive connection must not hold up the end
    request_queue_size = 256  # the default of 5 refuses connections when many rollouts start at once


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.rstrip("/") == "/v1/models":
            model = {"id": NAME, "object": "model", "created": 0, "owned_by": "switchover"}
            self._send(200, {"object": "list", "data": [model]})
        else:
            self._send(404, _error(404, f"no such path: {self.path}"))

    def do_POST(self) -> None:
        try:
            body = self._body()
            if self.path.rstrip("/") != "/v1/chat/completions":
                raise _Refused(404, f"no such path: {self.path}")
            self._send(200, completion(body))
        except _Refused as refused:
            self._send(refused.status, _error(refused.status, str(refused)))

    def _body(self) -> dict[str, Any]:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(data)
        except ValueError as error:
            raise _Refused(400, f"the body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise _Refused(400, "the body is not a JSON object")
        return body

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the client went away; nobody is left to tell
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: one line per turn of every rollout helps nobody."""


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """The chat completion for a request body; a pure function of it."""
    messages, tools = body.get("messages"), body.get("tools") or []
    if body.get("model") != NAME:
        raise _Refused(404, f"the model {body.get('model')!r} does not exist; this server has {NAME!r}")
    if body.get("stream"):
        raise _Refused(400, "streaming is not supported; leave out 'stream'")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise _Refused(400, "'messages' must be a list of one message or more")
    message = reply(messages, tools)
    finish = "tool_calls" if message.get("tool_calls") else "stop"
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": usage(messages, tools, message),
    }


def _error(status: int, message: str) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "code": status}}
