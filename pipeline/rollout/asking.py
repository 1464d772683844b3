"""One turn asked of the endpoint, within what is left of the rollout's time and context."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import EndpointError
from pipeline.rollout.ending import Ended
from pipeline.rollout.endpoint import ContextExceeded, Endpoint, Reply
from pipeline.rollout.tools import Tools
from pipeline.types import Message

_CLOSING_TOKENS = 128
"""Enough for a turn that submits."""


@dataclass(frozen=True)
class Asking:
    """Asks for the turns of one rollout."""

    endpoint: Endpoint
    tools: Tools
    context_tokens: int
    output_tokens: int
    deadline: float
    """On the monotonic clock."""
    seed: int

    def __call__(self, messages: Sequence[Message], turn: int, estimated_tokens: int) -> Reply:
        """The next turn. Raises Ended at the deadline or when not even a closing turn fits; EndpointError.

        ``estimated_tokens`` (of the prompt) is a guess: where the server finds that prompt and reply
        together do not fit, it is asked once more for no more than a closing turn.
        """
        room = max(_CLOSING_TOKENS, self.context_tokens - estimated_tokens)
        wanted = min(self.output_tokens, room)
        closing = min(wanted, _CLOSING_TOKENS)
        for tokens in (wanted, closing):
            try:
                return self._ask(messages, turn, tokens)
            except ContextExceeded:
                if tokens == closing:
                    break
        raise Ended("context_limit")

    def _ask(self, messages: Sequence[Message], turn: int, tokens: int) -> Reply:
        left = self.deadline - time.monotonic()
        seed = self.seed + turn
        try:
            return self.endpoint.chat(messages, self.tools.schemas, seed=seed, max_output_tokens=tokens, seconds=left)
        except EndpointError:
            if time.monotonic() >= self.deadline:
                raise Ended("time_limit") from None
            raise
