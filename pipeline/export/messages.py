"""Conversations in one shape: the same keys and types in every message, so that Arrow can hold them (pure)."""

from __future__ import annotations

from typing import Any

from pipeline.types import Message


def uniform(message: Message, with_reasoning: bool) -> Message:
    """``message`` with the keys that every message of an export has.

    ``content`` is always a text ("" where the model only called a tool): a column that is now a
    text, now null, now a list breaks readers. ``tool_calls`` and ``tool_call_id`` are null where
    they do not apply. ``with_reasoning`` adds ``reasoning_content``: null but for the assistant,
    whose turns without any have "".
    """
    calls = message.get("tool_calls")
    shaped: Message = {"role": message["role"], "content": text_of(message)}
    if with_reasoning:
        shaped["reasoning_content"] = reasoning_of(message) if message["role"] == "assistant" else None
    shaped["tool_calls"] = [_call(call) for call in calls] if calls else None
    shaped["tool_call_id"] = message.get("tool_call_id")
    return shaped


def text_of(message: Message) -> str:
    """Its content as one text."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


def reasoning_of(message: Message) -> str:
    """What the model thought before it spoke, where its server keeps that apart; "" without."""
    return str(message.get("reasoning") or message.get("reasoning_content") or "")


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    return {
        "id": str(call.get("id") or ""),
        "type": "function",
        "function": {"name": function["name"], "arguments": function["arguments"]},
    }
