"""PEFT's LoRA layer in fewer passes over memory: the same sum, computed in place.

PEFT writes the adapter's output, multiplies it, and adds it to the base's: three passes over the widest tensors
of the model, and three more backward. Here the matrix product itself adds to the base's output, and the scale
is applied to the adapter's inner tensor, which is ``rank`` wide. Under autocast PEFT also casts every input
to the adapter's float32 and back. Covered: plain linear layers with one active adapter and no dropout;
every other layer, and a model whose adapter is switched off, keeps PEFT's own forward.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora.layer import Linear
from torch.nn.functional import linear


def patch(model: Any) -> None:
    """Give the LoRA layers of ``model`` (a PeftModel) the faster forward."""
    for module in model.modules():
        if type(module) is Linear and type(module.base_layer) is torch.nn.Linear and module.base_layer.bias is None:
            _patch(module)


def _patch(layer: Any) -> None:
    stock = layer.forward

    def forward(x: torch.Tensor, *given: Any, **named: Any) -> torch.Tensor:
        name = _active(layer)
        if given or named or name is None:
            return stock(x, *given, **named)
        weights = (layer.base_layer.weight, layer.lora_A[name].weight, layer.lora_B[name].weight)
        numbers = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
        return _Sum.apply(x.to(numbers), *(w.to(numbers) for w in weights), layer.scaling[name])

    layer.forward = forward


def _active(layer: Any) -> str | None:
    """The one adapter that acts, where it does so by the plain formula."""
    names = [name for name in layer.active_adapters if name in layer.lora_A]
    plain = len(names) == 1 and not (layer.disable_adapters or layer.merged or layer.lora_variant)
    return names[0] if plain and isinstance(layer.lora_dropout[names[0]], torch.nn.Identity) else None


class _Sum(torch.autograd.Function):  # type: ignore[misc]
    """``x W' + scale (x A') B'``, with W frozen."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """``x``: (..., in); ``weight``: (out, in); ``a``: (rank, in); ``b``: (out, rank)."""
        rows = x.reshape(-1, x.shape[-1])
        inner = linear(rows, a).mul_(scale)
        out = linear(rows, weight).addmm_(inner, b.t())
        ctx.save_for_backward(rows, inner, weight, a, b)
        ctx.scale, ctx.shape = scale, x.shape
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, inner, weight, a, b = ctx.saved_tensors
        g = gradient.reshape(-1, gradient.shape[-1])
        g_inner = (g @ b).mul_(ctx.scale)
        # the first layer's input needs no gradient
        g_x = (g @ weight).addmm_(g_inner, a).view(ctx.shape) if ctx.needs_input_grad[0] else None
        return g_x, None, g_inner.t() @ rows, g.t() @ inner, None
