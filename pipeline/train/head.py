"""The language-model head over labelled positions alone.

In agent trajectories 15 to 25% of the tokens carry loss, and a vocabulary of 50,000 to 150,000 makes
the head's logits the largest thing in memory. Only labelled positions reach it here, in chunks. Where the head
is frozen the gradient is made beside the loss, as in Liger's fused linear cross entropy (arXiv:2410.10989), so that
logits are computed once; else they are made again in the backward pass. The loss is the stock head's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import cross_entropy, linear
from torch.utils.checkpoint import checkpoint
from transformers.modeling_outputs import CausalLMOutputWithPast

from pipeline.train.plan import HEAD_CHUNK
from pipeline.train.tokens import IGNORED

CHUNK = HEAD_CHUNK
"""Labelled positions per chunk: 0.15 GB of fp32 logits at a vocabulary of 150,000."""


def patch(model: Any) -> None:
    """Give ``model`` (a causal language model, not yet wrapped) the labelled-positions head.

    Its ``forward`` itself is replaced, not the Trainer's loss, so that wrappers of distributed training
    still see the call. Without ``labels`` it stays as it was.
    """
    stock = model.forward

    def forward(
        input_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        **options: Any,
    ) -> Any:
        """``input_ids`` and ``labels``: (batch, time); ``num_items_in_batch`` is what the sum is divided by."""
        if labels is None:
            return stock(input_ids=input_ids, **options)
        options.pop("attention_mask", None)  # no padding: the causal path without a mask is the fast one
        hidden = model.get_decoder()(input_ids=input_ids, use_cache=False, **options).last_hidden_state
        loss, count = labelled_loss(hidden, labels, model.get_output_embeddings())
        return CausalLMOutputWithPast(loss=loss / (count if num_items_in_batch is None else num_items_in_batch))

    model.forward = forward


def labelled_loss(hidden: torch.Tensor, labels: torch.Tensor, head: torch.nn.Module) -> tuple[torch.Tensor, int]:
    """Summed loss in nats and the number of labelled positions.

    ``hidden``: (batch, time, width); ``labels``: (batch, time), the token itself at its own position:
    position t predicts label t+1.
    """
    targets = labels[:, 1:]
    keep = targets != IGNORED
    states, targets = hidden[:, :-1][keep], targets[keep]
    if type(head) is torch.nn.Linear and head.bias is None and not head.weight.requires_grad:
        return _FrozenHead.apply(states, targets, head.weight), int(targets.numel())
    total = hidden.new_zeros((), dtype=torch.float32)
    for part, target in zip(states.split(CHUNK), targets.split(CHUNK), strict=True):
        total = total + checkpoint(_chunk_loss, part, target, head, use_reentrant=False)
    return total, int(targets.numel())


def _chunk_loss(states: torch.Tensor, targets: torch.Tensor, head: torch.nn.Module) -> torch.Tensor:
    return cross_entropy(head(states).float(), targets, reduction="sum")


class _FrozenHead(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, targets: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Summed loss; ``states``: (positions, width), ``targets``: (positions), ``weight``: (vocabulary, width)."""
        total = states.new_zeros((), dtype=torch.float32)
        gradients = []
        for part, target in zip(states.split(CHUNK), targets.split(CHUNK), strict=True):
            logits = linear(part, weight)  # autocast decides its numbers
            numbers, logits = logits.dtype, logits.float()
            total += cross_entropy(logits, target, reduction="sum")
            if ctx.needs_input_grad[0]:
                wrong = logits.softmax(1)
                wrong[torch.arange(len(target)), target] -= 1.0
                gradients.append((wrong.to(numbers) @ weight.to(numbers)).to(states.dtype))
        if gradients:
            ctx.save_for_backward(torch.cat(gradients))
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (found,) = ctx.saved_tensors
        return found * gradient, None, None
