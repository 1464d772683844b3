"""The model that is trained, by method: an adapter on the base (LoRA), on a base of 4 bits (QLoRA), or all of it.

Covered: one device; several, each with a whole model; several that share the base's layers (FSDP2, torch's
``fully_shard``, applied by transformers while it loads, so that no process ever holds the whole base).
An adapter is never split: it is small, and each process holds all of it. What a GPU alone can do
(4 bits, activations in the host's memory beside a GPU) was written from the documentation and not run.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch.autograd.graph import save_on_cpu

from pipeline.config import Ranks
from pipeline.errors import InputError
from pipeline.settings import TrainConfig
from pipeline.train import head, lora_linear
from pipeline.train.base import load_model
from pipeline.train.precision import fastest

LONG = 8192
"""Context from which ``checkpointing: auto`` makes activations again in the backward pass."""


def trainable(base: str, config: TrainConfig, ranks: Ranks) -> Any:
    """The resolved ``base`` as ``config.method`` trains it, with the labelled-positions head.

    Raises InputError where this machine cannot do the method.
    """
    model = load_model(base, **_loading(config, ranks))
    head.patch(model)
    if config.checkpointing == "offload":
        _offload(model)
    if config.method == "full":
        return model
    adapted = get_peft_model(model, lora(config))
    lora_linear.patch(adapted)
    return adapted


def lora(config: TrainConfig) -> LoraConfig:
    """Adapters on every linear layer but the head, which vLLM's LoRA does not serve."""
    return LoraConfig(r=config.rank, lora_alpha=config.lora_alpha, target_modules="all-linear", task_type="CAUSAL_LM")


def checkpoints_activations(config: TrainConfig) -> bool:
    """Whether activations are made again in the backward pass."""
    if config.checkpointing == "auto":
        return config.context_tokens > LONG
    return config.checkpointing != "none"


def is_sharded(config: TrainConfig, ranks: Ranks) -> bool:
    """Whether the processes share the model's layers. Raises InputError for 4 bits, which cannot be shared."""
    if config.sharding == "all" and config.method == "qlora":
        raise InputError("train.sharding: all cannot split the 4-bit weights of qlora; give none, or method lora")
    if config.sharding == "auto":
        return ranks.world > 1 and config.method != "qlora" and torch.cuda.is_available()
    return ranks.world > 1 and config.sharding == "all"


def check_machine(config: TrainConfig) -> None:
    """Raise InputError when what ``config.method`` needs is not here."""
    if config.method != "qlora":
        return
    if not torch.cuda.is_available():
        raise InputError("train.method: qlora needs a CUDA GPU and there is none here; take method lora")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise InputError("train.method: qlora needs bitsandbytes; install it ('pip install bitsandbytes')")


def _loading(config: TrainConfig, ranks: Ranks) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if is_sharded(config, ranks):
        from transformers.distributed import DistributedConfig

        halves = config.method == "full" and fastest() is torch.bfloat16
        options["distributed_config"] = DistributedConfig(fsdp_size=ranks.world, fsdp_mixed_precision=halves)
    if config.method == "full":
        options["dtype"] = torch.float32  # steps of 1e-5 vanish in bfloat16's 8 bits; the products run in it anyway
    if config.method == "qlora":
        options |= {"quantization_config": _four_bits(), "device_map": {"": ranks.local}}
    return options


def _four_bits() -> Any:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _offload(model: Any) -> None:
    """Keep what the backward pass needs in the host's memory: with checkpointing that is each layer's input."""
    inner = model.forward

    def forward(*inputs: Any, **options: Any) -> Any:
        with save_on_cpu(pin_memory=torch.cuda.is_available()):
            return inner(*inputs, **options)

    model.forward = forward
