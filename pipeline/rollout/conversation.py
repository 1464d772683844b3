"""The messages of one rollout as they go over the wire, each encoded once.

A rollout sends its whole conversation with every turn. Encoded anew each time, the hundredth turn
costs a hundred times the first; the server's prefix cache wants the same bytes at the front anyway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.types import Message


class Conversation:
    """Grows at its end only."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        self.unclosed = bytearray(b"[")
        """All messages as a JSON array without its closing bracket; a long one is sent as it lies here, uncopied."""
        self._count = 0
        self.grow(messages)

    def grow(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Take in what ``messages`` has more than at the last call; the messages before it are not looked at."""
        for message in messages[self._count :]:
            if self._count:
                self.unclosed += b","
            self.unclosed += encoded(sent(message))
            self._count += 1

    def __len__(self) -> int:
        return self._count


_KEPT_HERE = ("extra", "token_ids", "prompt_token_ids")


def sent(message: Mapping[str, Any]) -> Message:
    """A message as the endpoint sees it: without mini-swe-agent's ``extra`` and the ids that are kept for training."""
    return {key: value for key, value in message.items() if key not in _KEPT_HERE}


def encoded(value: Any) -> bytes:
    """JSON without spaces, ASCII alone: half of a surrogate pair stays an escape."""
    return json.dumps(value, separators=(",", ":")).encode()
