"""What a conversation says: the task, what the tools answered, and a number drawn from a text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from pipeline.types import Message

_FRAME = re.compile(r"^(You can execute bash commands|#+ Recommended Workflow|Find the relevant file )", re.MULTILINE)
"""Where an agent prompt goes over from the task to how to work; its example paths are not the task."""


def text_of(message: Message) -> str:
    """The text of a message; parts of other kinds are skipped."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def task_text(messages: Sequence[Message]) -> str:
    """The task: the first user message up to the prompt's own instructions."""
    first = next((text_of(message) for message in messages if message.get("role") == "user"), "")
    return _FRAME.split(first, maxsplit=1)[0].strip()


def question(messages: Sequence[Message]) -> str:
    """The last user message."""
    return next((text_of(message) for message in reversed(messages) if message.get("role") == "user"), "")


def observations(messages: Sequence[Message]) -> list[str]:
    """What each tool call returned, in order, as plain text."""
    return [output(text_of(message)) for message in messages if message.get("role") == "tool"]


def is_interrupted(messages: Sequence[Message]) -> bool:
    """True when the last word is the user's in the middle of the work (a budget warning, say)."""
    return messages[-1].get("role") == "user" and any(m.get("role") == "assistant" for m in messages)


def output(content: str) -> str:
    """The command's output inside a tool result: JSON, or the bare text; whole lines of its head if it was cut."""
    try:
        found: Any = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return content
    if found.get("elided_chars") is None:
        return str(found.get("output", ""))
    head = str(found.get("output_head", found.get("output", "")))
    return head[: head.rfind("\n") + 1]  # the last line of a head is cut anywhere


def draw(text: str, sides: int) -> int:
    """A number 0..sides-1, the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8]) % sides
