"""How a base and adapters on it find texts that are given: for the gates. Nothing is generated or trained.

The base is loaded once; each adapter is switched on and off on it. A model with all weights trained stands
for itself, and is loaded after the base has gone.
"""

from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from pipeline.train import base as bases
from pipeline.train import head
from pipeline.train.card import SETTINGS
from pipeline.train.precision import fastest
from pipeline.train.render import Template
from pipeline.train.samples import Conversation
from pipeline.train.tokens import Tokens, encode
from pipeline.types import LeftOut

log = logging.getLogger(__name__)

BASE = "base"


@dataclass(frozen=True)
class Endings:
    """A text, and endings whose likelihood is asked for."""

    text: str
    endings: tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """What each model finds, by its name (``base`` and the adapters' names)."""

    tokens: tuple[int, ...]
    """Tokens with loss of each sample."""
    losses: Mapping[str, tuple[float, ...]]
    """Mean loss of each sample per such token, in nats."""
    endings: Mapping[str, tuple[tuple[float, ...], ...]]
    """Log-probability of each ending of each text, per token of the ending, in nats."""


def measure(
    base: str,
    adapters: Mapping[str, Path],
    conversations: Sequence[Conversation],
    texts: Sequence[Endings],
    context_tokens: int,
) -> Measured:
    """Loss on ``conversations`` and likelihood of ``texts`` under ``base`` and each of ``adapters``.

    A sample longer than ``context_tokens`` ends after the last turn that fits, whatever training does with it; one
    that cannot be trained on, or of which no turn fits, is passed over. Raises InputError for a base or adapter
    that cannot be loaded.
    """
    name = bases.resolve(base)
    template = bases.load_template(name)
    found = [encode(template, conversation, context_tokens, "cut") for conversation in conversations]
    samples = [tokens for tokens in found if not isinstance(tokens, LeftOut)]
    if len(samples) < len(found):
        log.info(
            "gates: %d of %d held-out samples cannot be trained on, so they say nothing",
            len(found) - len(samples),
            len(found),
        )
    losses: dict[str, tuple[float, ...]] = {}
    endings: dict[str, tuple[tuple[float, ...], ...]] = {}
    for model_name, model in _models(name, adapters):
        losses[model_name] = tuple(
            _loss(model, sample) for sample in tqdm(samples, desc=f"loss {model_name}", disable=None)
        )
        endings[model_name] = tuple(_likelihoods(model, template, text) for text in texts)
    return Measured(tuple(sum(part.labelled for part in parts) for parts in samples), losses, endings)


def _models(base: str, adapters: Mapping[str, Path]) -> Iterator[tuple[str, Any]]:
    lora = {name: path for name, path in adapters.items() if (path / SETTINGS).is_file()}
    yield from _on_base(base, lora)
    for name, path in adapters.items():
        if name not in lora:
            with _loaded(str(path)) as model:
                yield name, model


def _on_base(base: str, adapters: Mapping[str, Path]) -> Iterator[tuple[str, Any]]:
    with _loaded(base) as model:
        if not adapters:
            yield BASE, model
            return
        from peft import PeftModel

        first, *others = adapters
        wrapped = PeftModel.from_pretrained(model, str(adapters[first]), adapter_name=first)
        for name in others:
            wrapped.load_adapter(str(adapters[name]), adapter_name=name)
        wrapped.eval()
        with wrapped.disable_adapter():
            yield BASE, wrapped
        for name in adapters:
            wrapped.set_adapter(name)
            yield name, wrapped


@contextlib.contextmanager
def _loaded(name: str) -> Iterator[Any]:
    model = bases.load_model(name)
    head.patch(model)
    if torch.cuda.is_available():
        model = model.to("cuda")
    model.eval()
    try:
        yield model
    finally:
        del model
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _loss(model: Any, parts: Sequence[Tokens]) -> float:
    total = sum(_forward(model, part) * part.labelled for part in parts)
    return total / sum(part.labelled for part in parts)


def _forward(model: Any, part: Tokens) -> float:
    ids, labels = (torch.tensor([list(x)], device=model.device) for x in (part.input_ids, part.labels))
    return float(_computed(model, lambda: model(input_ids=ids, labels=labels).loss))


def _likelihoods(model: Any, template: Template, text: Endings) -> tuple[float, ...]:
    start = template.tokenizer(text.text, add_special_tokens=False)["input_ids"]
    return tuple(_likelihood(model, template, start, text.text + ending) for ending in text.endings)


def _likelihood(model: Any, template: Template, start: Sequence[int], whole: str) -> float:
    """Of what follows the tokens that ``whole`` shares with ``start``: an ending may merge into the last of them."""
    ids = template.tokenizer(whole, add_special_tokens=False)["input_ids"]
    shared = next((i for i, (a, b) in enumerate(zip(start, ids, strict=False)) if a != b), min(len(start), len(ids)))
    batch = torch.tensor([ids], device=model.device)
    logits = _computed(model, lambda: model(input_ids=batch, use_cache=False).logits[0, shared - 1 : -1].float())
    found = logits.log_softmax(-1).gather(1, batch[0, shared:, None])
    return float(found.mean())


def _computed(model: Any, compute: Callable[[], Any]) -> Any:
    in_halves = fastest() is torch.bfloat16
    with torch.no_grad(), torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=in_halves):
        return compute()
