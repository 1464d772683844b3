"""The Anthropic Messages API as values: our chat messages to and from its bytes. Pure, no I/O.

Shapes after https://docs.anthropic.com/en/api/messages (version 2023-06-01). Within a rollout all
messages stay in OpenAI's form, so that what is stored does not depend on who served it; thinking
blocks, which the API wants back unchanged with the next tool result, ride along under
``thinking_blocks``. Not covered: streaming, server-side tools, images. Sampling seeds do not exist there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.rollout.conversation import Conversation, encoded
from pipeline.rollout.wire import BadReply, Body, Usage, error_text, parsed
from pipeline.types import Message

VERSION = "2023-06-01"
PATH = "/messages"

_CACHE = {"type": "ephemeral"}
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
"""Their stop reasons in the words of the OpenAI chat API; others are passed on as they are."""

_NOTHING = "(nothing)"
"""Stands for a turn without text and without calls: the API takes no empty text."""


def headers(key: str | None) -> dict[str, str]:
    return {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}


def request(
    model: str,
    conversation: Conversation,
    tools: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
) -> Body:
    """The body of POST /messages. ``options``: max_tokens (needed), temperature; None is left to the server.

    Cache marks stand after the tools and instructions and after the last message, so that each turn
    reads what the last one wrote.
    """
    messages: list[Message] = json.loads(bytes(conversation.unclosed) + b"]")
    body: dict[str, Any] = {"model": model, "max_tokens": options["max_tokens"]}
    if options.get("temperature") is not None:
        body["temperature"] = options["temperature"]
    texts = [_text(message) for message in messages if message["role"] == "system"]
    system: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts if text.strip()]
    described: list[dict[str, Any]] = [_tool(tool) for tool in tools]
    for blocks in (described, system):
        if blocks:
            blocks[-1] = {**blocks[-1], "cache_control": _CACHE}
    if system:
        body["system"] = system
    if described:
        body["tools"] = described
    body["messages"] = _turns([message for message in messages if message["role"] != "system"])
    return [encoded(body)]


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool["function"]
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {"name": function["name"], "description": function.get("description", ""), "input_schema": schema}


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Alternating turns: tool results and what the user says next are one turn, results first."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message["role"] == "assistant" else "user"
        blocks = _assistant(message) if role == "assistant" else _user(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    if turns:
        turns[-1]["content"][-1] = {**turns[-1]["content"][-1], "cache_control": _CACHE}
    return turns


def _user(message: Message) -> list[dict[str, Any]]:
    text = _text(message)
    if message["role"] != "tool":
        return [{"type": "text", "text": text if text.strip() else _NOTHING}]
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": message["tool_call_id"]}
    return [{**block, "content": text} if text.strip() else block]


def _assistant(message: Message) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = list(message.get("thinking_blocks") or ())
    text = _text(message)
    if text.strip():
        blocks.append({"type": "text", "text": text})
    for call in message.get("tool_calls") or ():
        function = call["function"]
        # Only calls whose arguments are an object are sent back as calls (model.replayable).
        blocks.append(
            {"type": "tool_use", "id": call["id"], "name": function["name"], "input": json.loads(function["arguments"])}
        )
    return blocks or [{"type": "text", "text": _NOTHING}]


def _text(message: Message) -> str:
    return str(message.get("content") or "")


def reply(body: bytes, turn: int) -> tuple[Message, str, Usage]:
    """Message, finish reason and usage of a reply; ``turn`` names calls without an id.

    Raises BadReply when it is torn, not JSON, an error, or no message.
    """
    data = parsed(body)
    usage = usage_of(data.get("usage"))
    if data.get("type") == "error" or not isinstance(data.get("content"), list):
        raise BadReply(error_text(body) if "error" in data else "the reply holds no content", usage)
    try:
        return _message(data["content"], turn), _finish(data.get("stop_reason")), usage
    except (KeyError, TypeError, AttributeError):
        raise BadReply("the reply holds a content block of another form", usage) from None


def _finish(reason: Any) -> str:
    return _FINISH.get(str(reason), str(reason or ""))


def _message(blocks: Sequence[Mapping[str, Any]], turn: int) -> Message:
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    calls = [
        {
            "id": str(block.get("id") or f"call_{turn}_{index}"),
            "type": "function",
            "function": {"name": str(block["name"]), "arguments": json.dumps(block.get("input") or {})},
        }
        for index, block in enumerate(block for block in blocks if block["type"] == "tool_use")
    ]
    message: Message = {"role": "assistant", "content": (text or None) if calls else text}
    thinking = [dict(block) for block in blocks if block["type"] in ("thinking", "redacted_thinking")]
    if thinking:
        message["thinking_blocks"] = thinking
    if calls:
        message["tool_calls"] = calls
    return message


def usage_of(raw: Any) -> Usage:
    """Theirs counts the prompt in three parts (fresh, read from the cache, written into it); ours holds all of it."""
    if not isinstance(raw, dict):
        return Usage()
    fresh, read, written, out = (
        count if isinstance(count := raw.get(name), int) and count > 0 else 0
        for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    )
    return Usage(fresh + read + written, out, read, written)
