"""The OpenAI chat API as values: requests and replies to and from bytes. Pure, no I/O.

Requests are non-streaming on purpose: streamed tool calls lose characters in several servers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.types import Message

_KEPT = ("reasoning", "reasoning_content")
"""Beside role, content and tool_calls: what a template may want back on the next turn."""

_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|maximum model length|prompt is too long|input is too long|exceed_context",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Usage:
    """Tokens as the server counted them; never re-counted text."""

    tokens_in: int = 0
    """Prompt tokens, cached ones included."""
    tokens_out: int = 0
    tokens_cached: int = 0
    """Part of ``tokens_in`` that the server's prefix cache served."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.tokens_cached + other.tokens_cached,
        )


@dataclass(frozen=True)
class Reply:
    """One turn of the model."""

    message: Message
    """role, content, and where present tool_calls, reasoning, reasoning_content; nothing else."""
    finish_reason: str
    """stop, tool_calls, length, ...; "" when the server gave none."""
    usage: Usage
    seconds: float
    """Wall clock of the call, retries and their pauses included."""


class BadReply(ValueError):
    """A 200 whose body is not a chat completion; ``usage`` is what it billed all the same."""

    def __init__(self, what: str, usage: Usage) -> None:
        super().__init__(what)
        self.usage = usage


def request(
    model: str,
    messages: Sequence[Message],
    tools: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
) -> bytes:
    """The body of POST /chat/completions; an option that is None is left to the server."""
    body: dict[str, Any] = {"model": model, "messages": list(messages)}
    if tools:
        body["tools"] = list(tools)
    body.update((key, value) for key, value in options.items() if value is not None)
    return json.dumps(body, separators=(",", ":")).encode()


def reply(body: bytes, turn: int) -> tuple[Message, str, Usage]:
    """Message, finish reason and usage of a completion; ``turn`` names tool calls that came without an id.

    Raises BadReply when it is torn, not JSON, or holds no message.
    """
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BadReply(f"the reply is not JSON ({error})", Usage()) from None
    usage = _usage(data.get("usage") if isinstance(data, dict) else None)
    try:
        choice = data["choices"][0]
        return _message(choice["message"], turn), str(choice.get("finish_reason") or ""), usage
    except (KeyError, IndexError, TypeError, AttributeError):
        raise BadReply("the reply holds no choices[0].message", usage) from None


def _usage(raw: Any) -> Usage:
    if not isinstance(raw, dict):
        return Usage()
    details = raw.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Usage(_count(raw.get("prompt_tokens")), _count(raw.get("completion_tokens")), _count(cached))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _message(raw: Mapping[str, Any], turn: int) -> Message:
    calls = [_call(call, f"call_{turn}_{index}") for index, call in enumerate(raw.get("tool_calls") or ())]
    content = raw.get("content")
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content)
    message: Message = {"role": "assistant", "content": content if calls else content or ""}
    message.update((key, raw[key]) for key in _KEPT if raw.get(key))
    if calls:
        message["tool_calls"] = calls
    return message


def _call(raw: Mapping[str, Any], fallback_id: str) -> dict[str, Any]:
    function = raw["function"]
    arguments = function.get("arguments")
    if not isinstance(arguments, str):  # some servers send the object itself
        arguments = json.dumps({} if arguments is None else arguments)
    name = str(function.get("name") or "")
    return {
        "id": str(raw.get("id") or fallback_id),
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def too_long(status: int, text: str) -> bool:
    """Whether a refusal says that the prompt does not fit the model's context.

    There is no common code for it: the texts of vLLM, OpenAI, Anthropic and llama.cpp are known here.
    """
    return status == 413 or (status in (400, 422, 500) and bool(_TOO_LONG.search(text)))


def error_text(body: bytes) -> str:
    """What the server says went wrong, in one line of at most 300 characters; "" when it says nothing."""
    text = body.decode("utf-8", "replace")
    try:
        data = json.loads(text)
        error = data.get("error", data)
        text = str(error.get("message") or error.get("detail") or text) if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        pass
    return " ".join(text.split())[:300]


def model_ids(body: bytes) -> list[str]:
    """The names in a GET /models reply; empty when it is something else."""
    try:
        return [str(item["id"]) for item in json.loads(body)["data"]]
    except (ValueError, KeyError, TypeError):
        return []
