"""A base model and its adapter in this process, by transformers and peft: what the small server answers with."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from pipeline.train.base import load_model, load_template
from pipeline.train.card import TEMPLATE
from pipeline.train.samples import as_served
from pipeline.types import Message

BASE, OWN = "base", "own"


class TooLong(ValueError):
    """The prompt leaves no room for a reply."""


class Unknown(KeyError):
    """No model of that name is served."""

    def __str__(self) -> str:
        return str(self.args[0])


class LocalModel:
    """Not thread-safe: the adapter is switched on and off between requests."""

    def __init__(self, base: str, adapter: Path | None, max_model_len: int) -> None:
        """Load both. Raises InputError for a base that is none."""
        self._template = load_template(base)
        if adapter and (adapter / TEMPLATE).is_file():
            self._template.tokenizer.chat_template = (adapter / TEMPLATE).read_text(encoding="utf-8")
        self._model = load_model(base)
        if adapter:
            from peft import PeftModel

            self._model = PeftModel.from_pretrained(self._model, str(adapter))
        if torch.cuda.is_available():
            self._model = self._model.to("cuda")
        self._model.eval()
        self._limit = max_model_len
        self.names = (BASE, OWN) if adapter else (BASE,)

    def prompt(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> list[int]:
        """Token ids of what the model is to continue."""
        text = self._template.text([as_served(message) for message in messages], tools, prompt=True)
        return list(self._template.tokenizer(text, add_special_tokens=False)["input_ids"])

    def text(self, ids: Sequence[int]) -> str:
        """``ids`` without the token that ended the turn."""
        kept = ids[:-1] if ids and ids[-1] in self._template.stop_ids else ids
        return str(self._template.tokenizer.decode(list(kept)))

    def generate(
        self, name: str, prompt: Sequence[int], limit: int | None, temperature: float, seed: int | None
    ) -> tuple[list[int], bool]:
        """New token ids, and whether the model itself ended.

        ``limit``: most new tokens, None for all that fit. ``temperature`` 0: greedy. Raises TooLong, Unknown.
        """
        room = self._limit - len(prompt)
        if room < 1:
            raise TooLong(f"the prompt has {len(prompt)} tokens, the model takes {self._limit} with its reply")
        if seed is not None:
            set_seed(seed % 2**32)
        stops = sorted(self._template.stop_ids)
        options: dict[str, Any] = {"do_sample": temperature > 0, "eos_token_id": stops, "pad_token_id": stops[0]}
        if temperature > 0:
            options["temperature"] = temperature
        with self._as(name), torch.inference_mode():
            batch = torch.tensor([list(prompt)], device=self._model.device)
            mask = torch.ones_like(batch)
            made = self._model.generate(
                input_ids=batch, attention_mask=mask, max_new_tokens=min(limit or room, room), **options
            )
        ids = [int(token) for token in made[0, len(prompt) :]]
        return ids, bool(ids) and ids[-1] in self._template.stop_ids

    def likeliest(self, name: str, prompt: Sequence[int], count: int) -> dict[int, float]:
        """The ``count`` likeliest next tokens and their log-probabilities in nats."""
        batch = torch.tensor([list(prompt)], device=self._model.device)
        with self._as(name), torch.inference_mode():
            scores = self._model(input_ids=batch, use_cache=False).logits[0, -1].float().log_softmax(-1)
        best = scores.topk(min(count, scores.numel()))
        return {int(token): float(score) for token, score in zip(best.indices, best.values, strict=True)}

    def _as(self, name: str) -> contextlib.AbstractContextManager[Any]:
        if name not in self.names:
            raise Unknown(f"model {name!r} is not served; {' and '.join(self.names)} are")
        if name == BASE and OWN in self.names:
            off: contextlib.AbstractContextManager[Any] = self._model.disable_adapter()
            return off
        return contextlib.nullcontext()
