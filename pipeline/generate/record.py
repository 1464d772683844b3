"""A rollout as text, for the questions that are asked about it (pure)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline.types import Message


def steps_of(messages: Sequence[Message]) -> tuple[str, list[str]]:
    """The request (the first user message), and what was said, done and seen after it, step by step."""
    first = next((i for i, message in enumerate(messages) if message.get("role") == "user"), len(messages))
    request = _text(messages[first]) if first < len(messages) else ""
    return request, [step for message in messages[first + 1 :] if (step := _step(message))]


def without_first_quarter(steps: Sequence[str]) -> list[str]:
    """What is left when a record was too long; a record of one step becomes empty."""
    return list(steps[max(1, len(steps) // 4) :])


def as_text(request: str, steps: Sequence[str]) -> str:
    """The record that a question shows."""
    return "\n\n".join([f"Request:\n{request}", *steps])


def _step(message: Message) -> str:
    if message.get("role") == "assistant":
        thought = message.get("reasoning") or message.get("reasoning_content") or ""
        calls = [_call(call) for call in message.get("tool_calls") or ()]
        return "\n".join(part for part in ("Engineer:", str(thought), _text(message), *calls) if part)
    return f"Result:\n{_text(message)}"


def _call(call: dict[str, Any]) -> str:
    function = call.get("function", {})
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError:
        arguments = {"arguments": function.get("arguments")}
    if isinstance(arguments, dict) and list(arguments) == ["command"]:
        return f"$ {arguments['command']}"
    return f"{function.get('name')} {json.dumps(arguments, ensure_ascii=False)}"


def _text(message: Message) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
