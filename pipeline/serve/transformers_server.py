"""A small OpenAI-compatible server over transformers, for machines on which vLLM does not run.

    python -m pipeline.serve.transformers_server --model DIR [--adapter DIR] --port P --max-model-len N

Answers GET /health and /v1/models, POST /v1/chat/completions and /v1/completions (of token ids), with
base and adapter under two names. One request at a time: for trying out, not for a load. Not covered, and
refused where it is asked for: streaming, images, several choices, forced calls, the Anthropic form, loading
adapters. Tool calls are read in the Hermes form alone.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pipeline.serve.calls import as_message
from pipeline.serve.model import LocalModel, TooLong, Unknown

NEEDS_VLLM = dict.fromkeys(
    ("/v1/messages", "/v1/messages/count_tokens", "/v1/responses", "/v1/load_lora_adapter", "/v1/unload_lora_adapter"),
    "; serve with --engine vllm for it",
)
"""Paths that vLLM has and this server has not."""

_CANNOT = (
    ("stream", lambda value: bool(value)),
    ("n", lambda value: value != 1),
    ("tool_choice", lambda value: value not in ("auto", "none")),
    ("response_format", lambda value: value != {"type": "text"}),
    ("stop", lambda value: bool(value)),
)
"""Fields of a request, and for which values this server would answer something else than was asked for."""


def refusal(asked: dict[str, Any]) -> str | None:
    """Why a request cannot be answered as it was meant; None when it can. Pure."""
    for field, is_beyond in _CANNOT:
        if (value := asked.get(field)) is not None and is_beyond(value):
            return f"{field} {value!r}: this small server cannot do that; serve with --engine vllm for it"
    parts = [m["content"] for m in asked.get("messages") or () if isinstance(m.get("content"), list)]
    kinds = {part.get("type") for content in parts for part in content} - {"text"}
    if kinds:
        return f"message parts of type {', '.join(sorted(map(str, kinds)))}: this small server reads text alone"
    return None


class Handler(BaseHTTPRequestHandler):
    """One connection; ``server`` is a ModelServer."""

    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(200, {})
        elif self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": n, "object": "model"} for n in self.server.model.names]})
        else:
            self._fail(404, f"{self.path}: no such path")

    def do_POST(self) -> None:
        answer = {"/v1/chat/completions": self.server.chat, "/v1/completions": self.server.complete}.get(self.path)
        length = self.headers.get("content-length", "")
        if not length.isdecimal():
            self.close_connection = True  # where the body ends is not known, so nothing after it can be read
            return self._fail(411, "give the body's length in Content-Length")
        body = self.rfile.read(int(length))
        if answer is None:
            return self._fail(404, f"{self.path}: no such path here{NEEDS_VLLM.get(self.path, '')}")
        try:
            asked = json.loads(body)
            if (why := refusal(asked)) is not None:
                return self._fail(400, why)
            with self.server.lock:
                reply = answer(asked)
        except TooLong as error:
            return self._fail(400, f"maximum model length exceeded: {error}")
        except Unknown as error:
            return self._fail(404, str(error))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return self._fail(400, f"bad request: {type(error).__name__}: {error}")
        return self._send(200, reply)

    def _fail(self, status: int, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": "invalid_request_error", "code": status}})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class ModelServer(ThreadingHTTPServer):
    """Serves one model; requests wait for each other on ``lock``."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], model: LocalModel) -> None:
        super().__init__(address, Handler)
        self.model = model
        self.lock = threading.Lock()

    def chat(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The reply to a chat completion request."""
        prompt = self.model.prompt(asked["messages"], asked.get("tools") or [])
        ids, finished = self._generate(asked, prompt)
        message = as_message(self.model.text(ids))
        reason = ("tool_calls" if "tool_calls" in message else "stop") if finished else "length"
        choice = {"index": 0, "message": message, "finish_reason": reason}
        reply = self._reply("chat.completion", asked, choice, len(prompt), len(ids))
        return reply | {"prompt_token_ids": prompt} if asked.get("return_token_ids") else reply

    def complete(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The reply to a completion request whose prompt is a list of token ids."""
        prompt = [int(token) for token in asked["prompt"]]
        ids, finished = self._generate(asked, prompt)
        choice: dict[str, Any] = {
            "index": 0,
            "text": self.model.text(ids),
            "finish_reason": "stop" if finished else "length",
        }
        if asked.get("logprobs"):  # of the first new token only: what the gate asks for
            first = self.model.likeliest(asked["model"], prompt, int(asked["logprobs"]))
            choice["logprobs"] = {"top_logprobs": [{f"token_id:{token}": score for token, score in first.items()}]}
        return self._reply("text_completion", asked, choice, len(prompt), len(ids))

    def _generate(self, asked: dict[str, Any], prompt: list[int]) -> tuple[list[int], bool]:
        limit = asked.get("max_completion_tokens") or asked.get("max_tokens")
        temperature = asked.get("temperature")
        warmth = 1.0 if temperature is None else float(temperature)
        return self.model.generate(asked["model"], prompt, limit, warmth, asked.get("seed"))

    def _reply(
        self, kind: str, asked: dict[str, Any], choice: dict[str, Any], tokens_in: int, tokens_out: int
    ) -> dict[str, Any]:
        usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
        head = {"id": f"local-{time.time_ns()}", "object": kind, "created": int(time.time()), "model": asked["model"]}
        return head | {"choices": [choice], "usage": usage}


def main() -> None:
    """Load, then serve until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="pipeline.serve.transformers_server")
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--max-model-len", type=int, required=True)
    given = parser.parse_args()
    model = LocalModel(given.model, given.adapter, given.max_model_len)
    ModelServer(("127.0.0.1", given.port), model).serve_forever()


if __name__ == "__main__":
    main()
