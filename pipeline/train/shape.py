"""The sizes of a model that memory and time of training follow from, out of its config.json (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError

_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


@dataclass(frozen=True)
class Shape:
    """A dense decoder of the Llama family (Qwen, Llama, Mistral, SmolLM, ...)."""

    layers: int
    hidden: int
    ffn: int
    """Width of the gated feed-forward part."""
    query: int
    """Heads times their width."""
    key_value: int
    """Heads of keys (as many of values) times their width."""
    vocab: int
    is_tied: bool
    """Whether the head is the embedding."""

    @property
    def linear(self) -> tuple[tuple[int, int], ...]:
        """(in, out) of one layer's linear parts: q, k, v, o, gate, up, down."""
        h, f, q, kv = self.hidden, self.ffn, self.query, self.key_value
        return ((h, q), (h, kv), (h, kv), (q, h), (h, f), (h, f), (f, h))

    @property
    def layer_parameters(self) -> int:
        """Of one layer's linear parts; norms and biases are left out: under one in a thousand."""
        return sum(a * b for a, b in self.linear)

    @property
    def vocab_parameters(self) -> int:
        """Embedding, and head where it is another."""
        return self.vocab * self.hidden * (1 if self.is_tied else 2)

    @property
    def parameters(self) -> int:
        return self.layers * self.layer_parameters + self.vocab_parameters

    def adapter_parameters(self, rank: int) -> int:
        """Of LoRA matrices of ``rank`` on every linear part of every layer."""
        return self.layers * rank * sum(a + b for a, b in self.linear)


def shape_of(config: Mapping[str, Any], where: str) -> Shape:
    """The shape that a model's config.json tells. Raises InputError naming ``where`` and what it lacks."""
    config = {**config, **config.get("text_config", {})}
    if any(config.get(key) for key in _EXPERTS):
        raise InputError(f"{where}: a mixture of experts, for which no plan is made; plans are made for dense models")
    heads, hidden = _count(config, "num_attention_heads", where), _count(config, "hidden_size", where)
    width = config.get("head_dim") or hidden // heads
    return Shape(
        layers=_count(config, "num_hidden_layers", where),
        hidden=hidden,
        ffn=_count(config, "intermediate_size", where),
        query=heads * width,
        key_value=(config.get("num_key_value_heads") or heads) * width,
        vocab=_count(config, "vocab_size", where),
        is_tied=bool(config.get("tie_word_embeddings", False)),
    )


def _count(config: Mapping[str, Any], key: str, where: str) -> int:
    value = config.get(key)
    if type(value) is not int or value < 1:
        raise InputError(f"{where}: {key} is {value!r}, so no plan can be made; plans are made for dense decoders")
    return value
