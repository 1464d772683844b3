"""The adapter's probe: what its server must reproduce, so that a load without effect is noticed.

One prompt from the samples as the training read it, the turn that follows, and how likely base and
adapter find that turn. The server must make the same prompt of the same messages, and must find
the turn as likely as the adapter did in training, not as likely as the base does.
"""

from __future__ import annotations

from typing import Any

import torch

from pipeline.train.samples import Conversation
from pipeline.train.tokens import Tokens


def make_probe(model: Any, conversations: dict[str, Conversation], sequences: list[Tokens]) -> dict[str, Any]:
    """The probe as JSON: messages, tools, prompt_token_ids, turn_token_ids, own_logprob, base_logprob.

    The log-probabilities are means per token of the turn, in nats, with and without the adapter.
    """
    tokens = min(sequences, key=lambda s: s.turns[0].end)
    turn = tokens.turns[0]
    conversation = conversations[tokens.sample]
    ids = list(tokens.input_ids[: turn.end])
    own = _logprob(model, ids, turn.start)
    with model.disable_adapter():
        base = _logprob(model, ids, turn.start)
    return {
        "messages": [dict(message) for message in conversation.messages[: turn.message]],
        "tools": list(conversation.tools),
        "prompt_token_ids": ids[: turn.start],
        "turn_token_ids": ids[turn.start :],
        "own_logprob": own,
        "base_logprob": base,
    }


def _logprob(model: Any, ids: list[int], start: int) -> float:
    model.eval()
    batch = torch.tensor([ids], device=model.device)
    with torch.no_grad(), torch.autocast(model.device.type, dtype=torch.bfloat16):
        logits = model(input_ids=batch, use_cache=False).logits[0, start - 1 : -1].float()
    return float(logits.log_softmax(-1).gather(1, batch[0, start:, None]).mean())
