"""One turn asked of the endpoint, within what is left of the rollout's time and context."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pipeline.errors import EndpointError
from pipeline.rollout.conversation import Conversation
from pipeline.rollout.ending import Ended
from pipeline.rollout.endpoint import ContextExceeded, Endpoint, Reply
from pipeline.rollout.tools import Tools
from pipeline.rollout.turns import TurnLog, question

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
    turns: TurnLog | None = None
    """Turns of an earlier try of this rollout that need not be paid again."""

    def __call__(self, conversation: Conversation, turn: int, estimated_tokens: int) -> Reply:
        """The next turn. Raises Ended at the deadline or when not even a closing turn fits; EndpointError.

        ``estimated_tokens`` (of the prompt) is a guess: where the server finds that prompt and reply
        together do not fit, it is asked once more for no more than a closing turn.
        """
        room = max(_CLOSING_TOKENS, self.context_tokens - estimated_tokens)
        wanted = min(self.output_tokens, room)
        closing = min(wanted, _CLOSING_TOKENS)
        for tokens in (wanted, closing):
            try:
                return self._ask(conversation, turn, tokens)
            except ContextExceeded:
                if tokens == closing:
                    break
        raise Ended("context_limit")

    def _ask(self, conversation: Conversation, turn: int, tokens: int) -> Reply:
        left = self.deadline - time.monotonic()
        seed = self.seed + turn
        key = question(self.endpoint.model, conversation, turn) if self.turns else ""
        if self.turns and (known := self.turns.known(key)):
            return known
        try:
            reply = self.endpoint.chat(
                conversation, self.tools.schemas, seed=seed, max_output_tokens=tokens, seconds=left
            )
        except EndpointError:
            if time.monotonic() >= self.deadline:
                raise Ended("time_limit") from None
            raise
        if self.turns:
            self.turns.add(key, reply)
        return reply
