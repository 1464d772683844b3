"""Everything that can come back instead of a turn, byte by byte, and a server that sends it.

``AGAIN`` passes when asked again, ``FINAL`` does not, ``FULL`` says that the context is full.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Answer:
    """Bytes, and what becomes of the connection after them."""

    data: bytes
    end: Literal["keep", "close", "reset", "hold"] = "close"
    """hold: neither says nor closes anything any more."""
    pace: float = 0.0
    """Seconds between two bytes; 0: all at once."""
    repeat: int = 1


def http(status: int, body: bytes, *headers: str, length: int | str | None = None, end: Any = "close") -> Answer:
    """``length`` is what Content-Length says, when that is not the truth."""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}", *headers]
    if end == "close":  # unsaid, the next request may meet the end and be a try of its own
        head.append("Connection: close")
    return Answer("\r\n".join([*head, "", ""]).encode() + body, end)


def said(message: dict[str, Any], **choice: Any) -> bytes:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}}
    choice = {"index": 0, "message": message, "finish_reason": "stop", **choice}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


def refusal(status: int, text: str, *headers: str) -> Answer:
    return http(status, json.dumps({"error": {"message": text}}).encode(), *headers)


HELLO = said({"role": "assistant", "content": "Hi."})
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

AGAIN: dict[str, Answer] = {
    "timed out": refusal(408, "slow"),
    "conflict": refusal(409, "busy"),
    "too many": refusal(429, "slow down"),
    "too many, come back now": refusal(429, "slow down", "Retry-After: 0"),
    "too many, come back on a date": refusal(429, "slow down", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"),
    "server error": refusal(500, "CUDA error"),
    "proxy without server": http(502, HTML, "Content-Type: text/html"),
    "starting up": refusal(503, "loading the model", "Retry-After: 0"),
    "gateway timed out": http(504, b""),
    "hang": Answer(b"", "hold"),
    "hang in the headers": Answer(b"HTTP/1.1 200 OK\r\nContent-Le", "hold"),
    "hang in the body": http(200, HELLO[:20], length=len(HELLO), end="hold"),
    "closed without a word": Answer(b""),
    "reset": Answer(b"", "reset"),
    "reset in the body": http(200, HELLO[:20], length=len(HELLO), end="reset"),
    "cut in the status line": Answer(b"HTTP/1."),
    "cut in the headers": Answer(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "cut in the body": http(200, HELLO[:20], length=len(HELLO)),
    "cut between chunks": Answer(CHUNKED + b'5\r\n{"cho\r\n'),
    "cut in a chunk": Answer(CHUNKED + b'40\r\n{"cho'),
    "a chunk of no size": Answer(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "not HTTP": Answer(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "longer than said": http(200, HELLO, length=len(HELLO) - 9),
    "length is no number": http(200, HELLO, length="many", end="reset"),
    "two lengths": http(200, HELLO[:30], "Content-Length: 9"),
    "not compressed though said": http(200, HELLO, "Content-Encoding: gzip"),
    "not JSON": http(200, b"{not json"),
    "a page of a proxy": http(200, HTML, "Content-Type: text/html"),
    "an error as a success": http(200, b'{"error": {"message": "upstream overloaded", "code": 502}}'),
    "no choices": http(200, b'{"choices": []}'),
    "null choices": http(200, b'{"choices": null, "usage": null}'),
    "a list": http(200, b"[]"),
    "nested without end": http(200, b"[" * 200_000),
    "broken off by the server": http(200, said({"role": "assistant", "content": "Let me"}, finish_reason="abort")),
}

FINAL: dict[str, tuple[Answer, str]] = {
    "bad request": (refusal(400, "unknown parameter"), "HTTP 400: unknown parameter"),
    "wrong key": (refusal(401, "who are you"), "check the key"),
    "forbidden": (refusal(403, "no"), "check the key"),
    "no such model": (refusal(404, "no such model"), "model name"),
    "unprocessable": (refusal(422, "tools: extra inputs"), "HTTP 422"),
    "moved": (http(307, b"", "Location: http://127.0.0.1:9/v1"), "HTTP 307"),
    "moved to a login page": (http(302, b"", "Location: /login"), "HTTP 302"),
    "streamed": (http(200, b'data: {"choices": []}\n\ndata: [DONE]\n\n'), "turn streaming off"),
    "slow beyond the time": (
        Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999, pace=0.01),
        "slowly",
    ),
    "endless": (Answer(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (1 << 20), repeat=80), "too large"),
}

FULL = {
    "vLLM": "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
    "vLLM, max_tokens": "'max_tokens' is too large: 4096. This model's maximum context length is 8192 tokens",
    "vLLM, decoder": "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
    "SGLang": "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    "TGI": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 9000",
    "llama.cpp": "the request exceeds the available context size, try increasing it",
    "OpenAI": "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "Anthropic": "prompt is too long: 208310 tokens > 200000 maximum",
    "Anthropic, max_tokens": "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    "Gemini": "The input token count (9000) exceeds the maximum number of tokens allowed (8192).",
    "Bedrock": "Input is too long for requested model.",
}


@dataclass
class Faulty:
    url: str
    seen: list[bytes] = field(default_factory=list)
    """Bodies, in order of arrival."""


@contextlib.contextmanager
def faulty(answer: Callable[[int, bytes], Answer]) -> Iterator[Faulty]:
    """A server on bare sockets; ``answer`` gets the number of the request (0-based) and its body."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    server = Faulty(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    lock = threading.Lock()

    def number(body: bytes) -> int:
        with lock:
            server.seen.append(body)
            return len(server.seen) - 1

    def converse(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            while True:
                body = _request(connection)
                if not _send(connection, answer(number(body), body) if body else MODELS, over):
                    return

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


MODELS = http(200, b'{"data": [{"id": "test-model"}, {"id": "scripted"}]}', end="keep")


def _request(connection: socket.socket) -> bytes:
    """The body of the next request; b"" for a GET. Raises EOFError when none comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
        if data.startswith(b"\x16\x03"):  # a client that wants TLS
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += _some(connection)
    return body


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise EOFError
    return data


def _send(connection: socket.socket, answer: Answer, over: threading.Event) -> bool:
    """Whether the connection can be used on."""
    for _ in range(answer.repeat):
        for piece in [answer.data] if not answer.pace else [answer.data[i : i + 1] for i in range(len(answer.data))]:
            connection.sendall(piece)
            time.sleep(answer.pace)
    if answer.end == "hold":
        over.wait(60)
    if answer.end == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return answer.end == "keep"
