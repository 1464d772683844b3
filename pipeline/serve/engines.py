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
from pipeline.serve import parsers
from pipeline.serve.process import Command
from pipeline.train.base import resolve
from pipeline.train.card import SETTINGS, TEMPLATE

BASE = "base"

PARALLEL = 32
"""Requests that are worked on at once; more wait in the server's queue."""

RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""Adapter ranks for which vLLM has kernels; it rounds up to one of them."""

SLOTS = 3
"""Places for adapters: one that serves, one that comes while it drains, and one more than is used. vLLM 0.32
marks a request without an adapter by the index -1, and its CPU kernels take that for the last place: in a batch
with own's requests, base would answer with own's adapter. An empty last place adds zero."""

NAMES = "pipeline.serve.names.Names"
"""What gives adapters their public name inside the server."""


@dataclass(frozen=True)
class Start:
    """What is to be served."""

    base: str
    adapter: Path | None
    port: int
    max_model_len: int
    tensor_parallel: int = 1
    """GPUs that share the model; 1: whole on one."""
    devices: tuple[str, ...] = ()
    """The GPUs that may be used, as CUDA_VISIBLE_DEVICES names them; (): all that are visible."""
    replicas: int = 1
    """Servers that share this machine's cores."""
    more: tuple[str, ...] = ()
    """Further arguments of the engine's own; they overrule ours."""


def vllm(start: Start) -> Command:
    """vLLM's server, the same on a GPU and a CPU but for what a CPU cannot do. Raises InputError."""
    if importlib.util.find_spec("vllm") is None:
        raise InputError("serve: vLLM is not installed; install it (docs/training.md) or use --engine transformers")
    base = resolve(start.base)
    # As a module, because the CPU build's wheel bears another name than the one its own command looks for.
    arguments = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", base, "--served-model-name", BASE),
        *("--host", "127.0.0.1", "--port", str(start.port)),
        *("--dtype", _numbers(), "--max-model-len", str(start.max_model_len), "--max-num-seqs", str(PARALLEL)),
        *_parsers(base, start.adapter),
        *_lora(start.adapter),
    ]
    if start.tensor_parallel > 1:
        arguments += ["--tensor-parallel-size", str(start.tensor_parallel)]
    environment = {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if not _has_gpu():
        arguments += _cpu_flags(start.max_model_len)
        environment |= _cpu_environment(start.replicas)
    if start.devices:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(start.devices)
    return Command((*arguments, *start.more), environment, loads_adapters=True)


def most_rank(adapter: Path) -> int:
    """The greatest rank of an adapter that a server started for ``adapter`` has room for. Raises InputError."""
    rank = int(_settings(adapter)["r"])
    if rank > RANKS[-1]:
        raise InputError(f"{adapter}: rank {rank}; vLLM serves ranks up to {RANKS[-1]}: train with a lower one")
    return next(room for room in RANKS if room >= rank)


def _lora(adapter: Path | None) -> tuple[str, ...]:
    if adapter is None:
        return ()
    rank = most_rank(adapter)
    template = adapter / TEMPLATE
    # The template that the adapter was trained with, for base and own alike: they are compared.
    given = ("--chat-template", str(template)) if template.is_file() else ()
    loading = ("--enable-lora", "--max-lora-rank", str(rank), "--max-loras", str(SLOTS), "--middleware", NAMES)
    return (*loading, *given)


def _cpu_flags(max_model_len: int) -> tuple[str, ...]:
    # A seeded request in more than one chunk of prefill kills the CPU engine, so there are no chunks.
    # Compiling costs more than it saves in the life of a small model.
    budget = str(max(max_model_len, 2048))
    return ("--no-enable-chunked-prefill", "--max-num-batched-tokens", budget, "--enforce-eager")


def _cpu_environment(replicas: int) -> dict[str, str]:
    return {
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB; the default takes half of the memory
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # one process less that imports everything again: 22 s to start, not 36
        # One core stays free for the server's front and for the agents. More threads than free cores wait for
        # each other at every operation, and threads bound to a core that is busy wait too (docs/training.md).
        "OMP_NUM_THREADS": str(max(1, (len(os.sched_getaffinity(0)) - 1) // replicas)),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }


def _parsers(base: str, adapter: Path | None) -> tuple[str, ...]:
    found = parsers.parsers(parsers.model_type(base), parsers.chat_template(base, adapter))
    thoughts = ("--reasoning-parser", found.reasoning) if found.reasoning else ()
    return ("--enable-auto-tool-choice", "--tool-call-parser", found.tool_call, *thoughts)


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
    if start.tensor_parallel > 1 or start.more:
        what = "--tensor-parallel" if start.tensor_parallel > 1 else f"arguments of vLLM's ({start.more[0]})"
        raise InputError(f"serve: the transformers engine takes no {what}; use --engine vllm")
    base = resolve(start.base)
    _settings(start.adapter)
    given = ("--adapter", str(start.adapter)) if start.adapter else ()
    arguments = (sys.executable, "-m", "pipeline.serve.transformers_server", "--model", base, *given)
    environment = {"CUDA_VISIBLE_DEVICES": ",".join(start.devices)} if start.devices else {}
    return Command((*arguments, "--port", str(start.port), "--max-model-len", str(start.max_model_len)), environment)


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
