"""Tokens per CPU-second of a training step, against this machine's matrix product and the stock head.

    python -m benchmarks.train_step [--tokens 1024] [--steps 2]

Trains a LoRA adapter on the small real model with random tokens of which a quarter is labelled, as in agent
trajectories. The first ratio is useful work (0.64 GFLOP per token: four passes' worth of the frozen
weights, and attention) over what one bfloat16 matrix product reaches in the same process, the physical limit.
The second is the labelled-positions head's speed over the stock head's, same model, same tokens.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from peft import get_peft_model
from transformers import AutoModelForCausalLM

from pipeline.config import cache_dir
from pipeline.settings import TrainConfig
from pipeline.train import head
from pipeline.train.finetune import lora
from pipeline.train.small_model import small_model
from pipeline.train.tokens import IGNORED

LABELLED_SHARE = 0.25
GEMM = 2048
"""Side of the square product that stands for the machine's limit."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    limit = gemm_flops()
    labelled, stock = (tokens_per_second(given.tokens, given.steps, patched) for patched in (True, False))
    work = flops_per_token(given.tokens)
    print(f"matrix product, bfloat16:        {limit / 1e9:8.0f} GFLOP per CPU-second")
    print(f"training, labelled head:         {labelled:8.1f} tokens per CPU-second")
    print(f"training, stock head:            {stock:8.1f} tokens per CPU-second")
    print(f"share of the matrix product:     {labelled * work / limit:8.2f}")
    print(f"labelled head over stock head:   {labelled / stock:8.2f}")


def flops_per_token(tokens: int) -> float:
    """4N for the frozen weights of SmolLM2-135M without its embedding; attention forward and backward."""
    weights, layers, width = 106e6, 30, 576
    return 4 * weights + 3.5 * 2 * layers * tokens * width


def gemm_flops() -> float:
    """Floating-point operations per CPU-second of one square bfloat16 product."""
    a = torch.randn(GEMM, GEMM, dtype=torch.bfloat16)
    return 2 * GEMM**3 / cpu_seconds(lambda: a @ a, 5)


def tokens_per_second(tokens: int, steps: int, patched: bool) -> float:
    """Forward and backward of one sequence per step."""
    model = AutoModelForCausalLM.from_pretrained(small_model(cache_dir()), dtype=torch.bfloat16)
    if patched:
        head.patch(model)
    adapted = get_peft_model(model, lora(TrainConfig(rank=16)))
    adapted.train()
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(10, 40_000, (1, tokens), generator=generator)
    labels = ids.clone()
    labels[:, : int(tokens * (1 - LABELLED_SHARE))] = IGNORED

    def step() -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = adapted(input_ids=ids, labels=labels).loss
        loss.backward()

    return tokens / cpu_seconds(step, steps)


def cpu_seconds(work: Callable[[], Any], times: int) -> float:
    """CPU time of one call, after one to warm up."""
    work()
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


if __name__ == "__main__":
    main()
