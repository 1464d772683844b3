"""The faster LoRA layer: PEFT's outputs and gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from pipeline.config import Ranks
from pipeline.settings import TrainConfig
from pipeline.train import head, lora_linear, methods
from pipeline.train.base import load_model

IDS = torch.arange(2, 60)[None]


def adapted(tiny: Path, *, fast: bool) -> Any:
    """The tiny model with an adapter that does something, in PEFT's form or in ours."""
    from peft import get_peft_model

    torch.manual_seed(5)
    base = load_model(str(tiny), dtype=torch.float32)
    head.patch(base)
    model = get_peft_model(base, methods.lora(TrainConfig(rank=4, alpha_per_rank=1.5)))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    if fast:
        lora_linear.patch(model)
    return model


def made(tiny: Path, checkpointing: Literal["none", "offload"]) -> Any:
    """As training makes it."""
    torch.manual_seed(5)
    return methods.trainable(str(tiny), TrainConfig(rank=4, checkpointing=checkpointing), Ranks()).train()


def gradients(model: Any) -> dict[str, torch.Tensor]:
    model(input_ids=IDS, labels=IDS).loss.backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("halves", [False, True])
def test_same_outputs_and_gradients_as_peft(tiny: Path, halves: bool) -> None:
    stock, fast = adapted(tiny, fast=False), adapted(tiny, fast=True)
    close = {"rtol": 0.1, "atol": 0.1} if halves else {"rtol": 1e-4, "atol": 1e-4}
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=halves):
        wanted = stock(input_ids=IDS).logits
        assert (fast(input_ids=IDS).logits - wanted).abs().max() < (0.05 if halves else 1e-5) * wanted.abs().max()
        expected, found = gradients(stock), gradients(fast)
    assert found.keys() == expected.keys() and len(found) == 2 * 7 * 2
    for name, gradient in expected.items():
        assert found[name].dtype is gradient.dtype
        scale = gradient.abs().max()
        torch.testing.assert_close(found[name] / scale, gradient / scale, **close)


def test_switched_off_it_is_the_base(tiny: Path) -> None:
    model = adapted(tiny, fast=True)
    base = load_model(str(tiny), dtype=torch.float32)
    with model.disable_adapter():
        assert torch.equal(model(input_ids=IDS).logits, base(input_ids=IDS).logits)
    assert not torch.allclose(model(input_ids=IDS).logits, base(input_ids=IDS).logits)


def test_offloaded_the_backward_pass_keeps_a_layers_input_and_little_else(tiny: Path) -> None:
    stock, thrifty = made(tiny, "none"), made(tiny, "offload")
    thrifty.gradient_checkpointing_enable({"use_reentrant": False})
    kept: list[tuple[int, ...]] = []
    inner = torch.autograd.graph.save_on_cpu.__init__

    def counting(self: Any, *given: Any, **named: Any) -> None:
        inner(self, *given, **named)
        pack = self.pack_hook
        self.pack_hook = lambda tensor: kept.append(tuple(tensor.shape)) or pack(tensor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.autograd.graph.save_on_cpu, "__init__", counting)
        found = gradients(thrifty)
    inputs = [shape for shape in kept if shape == (1, IDS.shape[1], 64)]
    assert 2 <= len(inputs) <= 4 and not [shape for shape in kept if shape[-1:] == (128,)]  # nothing of the MLP's width
    expected = gradients(stock)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-5)
