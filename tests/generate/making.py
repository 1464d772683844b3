"""Things to make in tests of generate: functions, rollouts, a server that says what it is told to."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.types import Exit, Function, Message, Rollout

PATCH = """\
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,2 +1,3 @@
 def f(x):
+    x = check(x, strict=True)
     return x
"""


def function(path: str, name: str, start: int = 1, end: int = 2) -> Function:
    return Function(path, name, "function", "python", start, end)


def rollout(
    id: str = "t.1.0",
    task_id: str = "t",
    *,
    attempt: int = 0,
    exit: Exit = "submitted",
    patch: str = PATCH,
    messages: tuple[Message, ...] = (),
    cost: float | None = 0.5,
    marks: tuple[str, ...] = (),
) -> Rollout:
    return Rollout(
        id=id,
        task_id=task_id,
        role="teacher",
        model="m",
        attempt=attempt,
        seed=1,
        messages=messages or (user("Problem with `f` in `a.py`."), said("I looked.", "ls"), tool("a.py")),
        tools=({"type": "function"},),
        patch=patch,
        exit=exit,
        steps=1,
        tokens_in=10,
        tokens_out=2,
        tokens_cached=4,
        seconds=1.5,
        cost_usd=cost,
        cheat_marks=marks,
    )


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def said(text: str, command: str | None = None) -> Message:
    message: Message = {"role": "assistant", "content": text}
    if command is not None:
        arguments = json.dumps({"command": command})
        message["tool_calls"] = [{"id": "c", "type": "function", "function": {"name": "bash", "arguments": arguments}}]
    return message


def tool(text: str) -> Message:
    return {"role": "tool", "tool_call_id": "c", "content": text}


BROKEN = "(broken off)"


class Parrot:
    """Answers in order; an int answers with that status, BROKEN with a turn that the server broke off."""

    def __init__(self, url: str, answers: list[str | int]) -> None:
        self.url, self.answers = url, answers
        self.asked: list[list[Message]] = []


@contextlib.contextmanager
def parrot(*answers: str | int) -> Iterator[Parrot]:
    """A chat server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            bird.asked.append(body["messages"])
            answer = bird.answers.pop(0)
            status = answer if isinstance(answer, int) else 200
            self._send(status, _completion(answer) if isinstance(answer, str) else _refusal(answer))

        def _send(self, status: int, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bird = Parrot(f"http://127.0.0.1:{server.server_address[1]}/v1", list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield bird
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _completion(text: str) -> dict[str, Any]:
    finish = "abort" if text == BROKEN else "stop"
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}


def _refusal(status: int) -> dict[str, Any]:
    said = "This model's maximum context length is 10 tokens" if status == 400 else "refused"
    return {"error": {"message": said}}
