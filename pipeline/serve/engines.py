"""The command of each engine: what is run, with which flags, and why."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.serve.process import Command
from pipeline.train.base import resolve
from pipeline.train.card import SETTINGS, TEMPLATE

BASE = "base"

PARALLEL = 32
"""Requests that are worked on at once; more wait in the server's queue."""

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Adapter ranks for which vLLM has kernels; it rounds up to one of them."""


SLOTS = 2
"""Places for adapters, one more than is used. vLLM 0.32 marks a request without an adapter by the index -1, and
its CPU kernels take that for the last place: in a batch with own's requests, base would answer with own's adapter.
An empty last place adds zero."""


@dataclass(frozen=True)
class Start:
    """What is to be served."""

    base: str
    adapter: Path | None
    port: int
    max_model_len: int


def vllm(start: Start) -> Command:
    """vLLM's server, the same on a GPU and a CPU but for what a CPU cannot do. Raises InputError."""
    if importlib.util.find_spec("vllm") is None:
        raise InputError("serve: vLLM is not installed; install it (docs/training.md) or use --engine transformers")
    base = resolve(start.base)
    settings = _settings(start.adapter)
    # As a module, because the CPU build's wheel bears another name than the one its own command looks for.
    arguments = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", base, "--served-model-name", BASE),
        *("--host", "127.0.0.1", "--port", str(start.port)),
        *("--dtype", _numbers(), "--max-model-len", str(start.max_model_len), "--max-num-seqs", str(PARALLEL)),
        *("--enable-auto-tool-choice", "--tool-call-parser", _parser(base)),
        *_lora(start.adapter, settings),
    ]
    environment = {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if not _has_gpu():
        arguments += _cpu_flags(start.max_model_len)
        environment |= _cpu_environment()
    return Command(tuple(arguments), environment, loads_adapters=True)


def _lora(adapter: Path | None, settings: dict[str, Any]) -> tuple[str, ...]:
    if adapter is None:
        return ()
    rank = next(r for r in RANKS if r >= int(settings["r"]))
    template = adapter / TEMPLATE
    # The template that the adapter was trained with, for base and own alike: they are compared.
    given = ("--chat-template", str(template)) if template.is_file() else ()
    return ("--enable-lora", "--max-lora-rank", str(rank), "--max-loras", str(SLOTS), *given)


def _cpu_flags(max_model_len: int) -> tuple[str, ...]:
    # A seeded request in more than one chunk of prefill kills the CPU engine, so there are no chunks.
    # Compiling costs more than it saves in the life of a small model.
    budget = str(max(max_model_len, 2048))
    return ("--no-enable-chunked-prefill", "--max-num-batched-tokens", budget, "--enforce-eager")


def _cpu_environment() -> dict[str, str]:
    return {
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB; the default takes half of the memory
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # one process less that imports everything again: 22 s to start, not 36
        # One core stays free for the server's front and for the agents. More threads than free cores wait for
        # each other at every operation, and threads bound to a core that is busy wait too (docs/training.md).
        "OMP_NUM_THREADS": str(max(1, len(os.sched_getaffinity(0)) - 1)),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }


def _parser(base: str) -> str:
    """Name of vLLM's parser for the calls that this model writes."""
    text = _model_type(base)
    return next((parser for kind, parser in _PARSERS.items() if kind in text), "hermes")


_PARSERS = {"qwen3_5": "qwen3_coder", "qwen3_next": "qwen3_coder", "glm4": "glm45", "mistral": "mistral"}
"""By model type; others write calls in the Hermes form, or are given our template, which does."""


def _model_type(base: str) -> str:
    path = Path(base) / "config.json"
    try:
        return str(json.loads(path.read_text()).get("model_type", ""))
    except (OSError, ValueError):
        return base.lower().replace("-", "_").replace(".", "_")


def _numbers() -> str:
    """As in training: a CPU without bfloat16 would take minutes for an answer in it."""
    from pipeline.train.precision import fastest

    return str(fastest()).removeprefix("torch.")


@functools.cache
def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def transformers(start: Start) -> Command:
    """Our own small server over transformers: one request at a time, for machines without vLLM."""
    base = resolve(start.base)
    _settings(start.adapter)
    given = ("--adapter", str(start.adapter)) if start.adapter else ()
    arguments = (sys.executable, "-m", "pipeline.serve.transformers_server", "--model", base, *given)
    return Command((*arguments, "--port", str(start.port), "--max-model-len", str(start.max_model_len)))


def _settings(adapter: Path | None) -> dict[str, Any]:
    """The adapter's PEFT settings; empty without an adapter. Raises InputError when it is none."""
    if adapter is None:
        return {}
    path = adapter / SETTINGS
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {"r": int(found["r"]), **found}
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{adapter}: no adapter (its {SETTINGS} cannot be read); give one of 'switchover train'"
        ) from None


COMMANDS: dict[str, Callable[[Start], Command]] = {"vllm": vllm, "transformers": transformers}
