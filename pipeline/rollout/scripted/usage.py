"""Token counts without a tokenizer, by a rule that anybody can check by hand.

A text costs one token for every 4 bytes of UTF-8, rounded up; a message costs its JSON text
plus 3. Cached are the messages that the turn before had already sent: what the prefix cache of
a real server would have served, but independent of what else the server did meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipeline.types import Message


def tokens(value: Any) -> int:
    """Tokens of one JSON value: its compact JSON text in UTF-8, 4 bytes each, rounded up."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return -(-len(text.encode("utf-8", "replace")) // 4)


def usage(messages: Sequence[Message], tools: Sequence[dict[str, Any]], reply: Message) -> dict[str, Any]:
    """The ``usage`` object of a chat completion."""
    costs = [tokens(message) + 3 for message in messages]
    head = tokens(list(tools)) if tools else 0
    prompt, completion = head + sum(costs), tokens(reply) + 3
    turns = [index for index, message in enumerate(messages) if message.get("role") == "assistant"]
    cached = head + sum(costs[: turns[-1]]) if turns else 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
