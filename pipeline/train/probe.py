"""The adapter's probe: what its server must reproduce, so that a load without effect is noticed.

One prompt from the samples, as training read it; and the one place in the turn that follows where the
adapter differs most from its base: the tokens up to there, the token that comes next, and how
likely both find it. The server must make the same prompt and tell the two apart at that place.
"""

from __future__ import annotations

from typing import Any

import torch

from pipeline.train.precision import fastest
from pipeline.train.samples import TOKEN_IDS, Conversation
from pipeline.train.tokens import Tokens


def make_probe(model: Any, conversations: dict[str, Conversation], sequences: list[Tokens]) -> dict[str, Any]:
    """The probe as JSON: messages, tools, prompt_token_ids; context_token_ids, token_id, own_logprob, base_logprob.

    ``model`` is the adapter on its base. Log-probabilities are those of ``token_id`` after
    ``context_token_ids``, in nats.
    """
    tokens = min(sequences, key=lambda s: s.turns[0].end)
    turn = tokens.turns[0]
    messages = conversations[tokens.sample].messages[: turn.message]
    ids = list(tokens.input_ids[: turn.end])
    own = _logprobs(model, ids, turn.start)
    with model.disable_adapter():
        base = _logprobs(model, ids, turn.start)
    place = int((own - base).argmax())
    return {
        "messages": [{k: v for k, v in message.items() if k not in TOKEN_IDS} for message in messages],
        "tools": list(conversations[tokens.sample].tools),
        "prompt_token_ids": ids[: turn.start],
        "context_token_ids": ids[: turn.start + place],
        "token_id": ids[turn.start + place],
        "own_logprob": float(own[place]),
        "base_logprob": float(base[place]),
    }


def _logprobs(model: Any, ids: list[int], start: int) -> torch.Tensor:
    """Log-probability of each of ``ids[start:]`` after those before it."""
    model.eval()
    batch = torch.tensor([ids], device=model.device)
    in_halves = fastest() is torch.bfloat16
    with torch.no_grad(), torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=in_halves):
        logits = model(input_ids=batch, use_cache=False).logits[0, start - 1 : -1].float()
    return logits.log_softmax(-1).gather(1, batch[0, start:, None])[:, 0]
