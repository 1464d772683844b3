"""Which skill a request asks for, and the assistant message that it gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pipeline.rollout.scripted import agent, describe, self_check
from pipeline.rollout.scripted.conversation import question
from pipeline.types import Message


def reply(messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> Message:
    """The next assistant message; a pure function of the conversation."""
    if tools:
        turn = agent.next_turn(messages, tools)
        return _calling(turn, len(messages))
    return {"role": "assistant", "content": _answer(question(messages))}


def _answer(asked: str) -> str:
    if self_check.is_asked(asked):
        return self_check.answer(asked)
    if describe.is_asked(asked):
        return describe.answer(asked)
    return "I am the scripted model: I edit functions through tools, and answer nothing else."


def _calling(turn: agent.Turn, position: int) -> Message:
    arguments = json.dumps(turn.call.arguments, ensure_ascii=False)
    digest = hashlib.sha256(f"{position}{turn.call.name}{arguments}".encode("utf-8", "replace")).hexdigest()
    call = {
        "id": f"call_{digest[:12]}",
        "type": "function",
        "function": {"name": turn.call.name, "arguments": arguments},
    }
    return {"role": "assistant", "content": turn.thought, "tool_calls": [call]}
