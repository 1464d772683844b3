"""The labelled-positions head: the stock head's loss and gradients, from fewer positions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.train import head
from pipeline.train.tokens import IGNORED

torch = pytest.importorskip("torch")


def load(tiny: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)


def loss_and_gradients(model: Any, ids: Any, labels: Any, **options: Any) -> tuple[float, dict[str, Any]]:
    model.zero_grad()
    loss = model(input_ids=ids, labels=labels, **options).loss
    loss.backward()
    return float(loss.detach()), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("chunk", [3, 1024])
@pytest.mark.parametrize("items", [None, 7])
@pytest.mark.parametrize("frozen", [False, True])
def test_same_loss_and_gradients_as_the_stock_head(
    tiny: Path, chunk: int, items: int | None, frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "CHUNK", chunk)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(2, 500, (2, 40), generator=generator)
    labels = ids.where(torch.rand(2, 40, generator=generator) < 0.3, torch.tensor(IGNORED))
    options = {} if items is None else {"num_items_in_batch": items}
    stock, patched = load(tiny), load(tiny)
    head.patch(patched)
    for model in (stock, patched):
        model.lm_head.weight.requires_grad_(not frozen)
    expected, gradients = loss_and_gradients(stock, ids, labels, **options)
    found, own = loss_and_gradients(patched, ids, labels, **options)
    assert found == pytest.approx(expected, rel=1e-5)
    assert own.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(own[name], gradient, rtol=1e-3, atol=3e-6)  # sums in another order


def test_without_labels_it_is_the_stock_model(tiny: Path) -> None:
    ids = torch.arange(2, 30)[None]
    stock, patched = load(tiny), load(tiny)
    head.patch(patched)
    assert torch.equal(stock(input_ids=ids).logits, patched(input_ids=ids).logits)


def test_a_frozen_head_in_halves_and_without_gradients(tiny: Path) -> None:
    """Under autocast the gradient is that of the path that makes its logits again; evaluation makes none."""
    weight = load(tiny).lm_head.weight.detach()
    states = torch.randn(1, 40, weight.shape[1], generator=torch.Generator().manual_seed(2))
    labels = torch.arange(2, 42)[None]
    found = []
    for frozen in (False, True):
        module = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        module.weight = torch.nn.Parameter(weight.clone(), requires_grad=not frozen)
        hidden = states.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, count = head.labelled_loss(hidden, labels, module)
        loss.backward()
        assert count == 39 and hidden.grad is not None and hidden.grad.dtype is torch.float32
        found.append((float(loss.detach()), hidden.grad))
    (expected, gradient), (own, own_gradient) = found
    assert own == pytest.approx(expected, rel=1e-6)
    torch.testing.assert_close(own_gradient, gradient, rtol=0.05, atol=0.01 * float(gradient.abs().max()))
    with torch.no_grad():
        assert not head.labelled_loss(states, labels, module)[0].requires_grad
