"""How many tokens each message of a rollout takes. Pure.

Without a tokenizer: the trained model's is not known when rollouts are made, and training counts
exactly. Where the server has told how long the conversation was in the end, its count is spread
over the messages by their length, so the whole is right for the teacher's tokenizer (that of the
trained model differs by some percent). Where it has not, text counts 3.5 characters per token, good
for code and English within some 15%.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pipeline.types import Message, Rollout

CHARACTERS_PER_TOKEN = 3.5
FRAME = 5
"""Tokens around each message in ChatML: start, role, newline, end, newline."""


def message_tokens(rollout: Rollout) -> list[float]:
    """Of each message in its frame, the first with the tools' schemas."""
    factor = scale(rollout)
    return [tokens * factor for tokens in _estimates(rollout)]


def scale(rollout: Rollout) -> float:
    """What to multiply an estimate with; 1 where the server has not told."""
    counted = sum(_estimates(rollout)[: _end_of_last_turn(rollout.messages)])
    return rollout.context_tokens / counted if rollout.context_tokens and counted else 1.0


def text_tokens(message: Message) -> float:
    """Estimate for what a message says, thinks and calls."""
    texts = [message.get("content"), message.get("reasoning") or message.get("reasoning_content")]
    calls = sum(len(str(call.get("function"))) for call in message.get("tool_calls") or ())
    return (sum(len(str(text)) for text in texts if text) + calls) / CHARACTERS_PER_TOKEN


def _estimates(rollout: Rollout) -> list[float]:
    tokens = [FRAME + text_tokens(message) for message in rollout.messages]
    if tokens and rollout.tools:
        tokens[0] += len(json.dumps(rollout.tools)) / CHARACTERS_PER_TOKEN
    return tokens


def _end_of_last_turn(messages: Sequence[Message]) -> int:
    """How many messages the server had counted after its last turn."""
    turns = [number for number, message in enumerate(messages, 1) if message.get("role") == "assistant"]
    return turns[-1] if turns else 0
