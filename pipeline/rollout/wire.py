"""The OpenAI chat API as values: requests and replies to and from bytes. Pure, no I/O.

Requests are non-streaming on purpose: streamed tool calls lose characters in several servers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.rollout.conversation import Conversation, encoded
from pipeline.types import Message

_KEPT = ("reasoning", "reasoning_content")
"""Beside role, content and tool_calls: what a template may want back on the next turn."""

Body = Sequence[bytes | bytearray]
"""What a request sends, in pieces."""

_TOO_LONG = re.compile(
    r"context[ _](length|window|size|limit)|maximum model length|(prompt|input) is too long|exceed_context"
    r"|max_new_tokens. must be|input token count .*exceeds|too many tokens",
    re.IGNORECASE,
)

_BROKEN_OFF = {"abort", "error"}
"""Finish reasons of a turn that ended because the server did (vLLM and SGLang, OpenRouter)."""


@dataclass(frozen=True)
class Usage:
    """Tokens as the server counted them; never re-counted text."""

    tokens_in: int = 0
    """Prompt tokens, cached ones included."""
    tokens_out: int = 0
    tokens_cached: int = 0
    """Part of ``tokens_in`` that the server's prefix cache served."""
    tokens_cache_written: int = 0
    """Part of ``tokens_in`` that was written into a cache which charges for it; 0 where writing is free."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.tokens_cached + other.tokens_cached,
            self.tokens_cache_written + other.tokens_cache_written,
        )


@dataclass(frozen=True)
class Reply:
    """One turn of the model."""

    message: Message
    """role, content, and where present tool_calls, reasoning, reasoning_content, and
    token_ids, prompt_token_ids where ids were asked for; nothing else."""
    finish_reason: str
    """stop, tool_calls, length, ...; "" when the server gave none."""
    usage: Usage
    seconds: float
    """Wall clock of the call, retries and their pauses included."""


class BadReply(ValueError):
    """A 200 whose body is not a whole chat completion."""

    def __init__(self, what: str, usage: Usage | None = None, again: bool = True) -> None:
        """``usage``: what it billed all the same. ``again``: another try may help."""
        super().__init__(what)
        self.usage = usage or Usage()
        self.again = again


def request(
    model: str,
    conversation: Conversation,
    tools: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
) -> Body:
    """The body of POST /chat/completions; an option that is None is left to the server."""
    rest: dict[str, Any] = {"tools": list(tools)} if tools else {}
    rest.update((key, value) for key, value in options.items() if value is not None)
    comma = b"," if rest else b""
    head = b'{"model":%b,"messages":' % encoded(model)
    return [head, conversation.unclosed, b"]%b%b" % (comma, encoded(rest)[1:])]


def reply(body: bytes, turn: int) -> tuple[Message, str, Usage]:
    """Message, finish reason and usage of a completion; ``turn`` names tool calls that came without an id.

    Raises BadReply when it is torn, not JSON, holds no message, or was broken off by the server.
    """
    data = parsed(body)
    usage = _usage(data.get("usage"))
    try:
        choice = data["choices"][0]
        message, finish = _message(choice["message"], turn), str(choice.get("finish_reason") or "")
    except (KeyError, IndexError, TypeError, AttributeError):
        said = error_text(body) if data.get("error") else "the reply holds no choices[0].message"
        raise BadReply(said, usage) from None
    if finish in _BROKEN_OFF:
        raise BadReply(f"the server broke the turn off (finish_reason {finish!r})", usage)
    for key, ids in (("token_ids", choice.get("token_ids")), ("prompt_token_ids", data.get("prompt_token_ids"))):
        if isinstance(ids, list) and ids and all(type(token) is int and token >= 0 for token in ids):
            message[key] = ids
    return message, finish, usage


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a reply, {} for another value. Raises BadReply for a stream, and for what is not JSON."""
    if body.lstrip().startswith((b"data:", b"event:")):
        # Whole turns would be paid for in vain: the server does the same again.
        raise BadReply("the reply is a stream though none was asked for; turn streaming off there", again=False)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadReply(f"the reply is not JSON ({error})") from None
    return data if isinstance(data, dict) else {}


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
