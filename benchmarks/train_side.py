"""One side of ``benchmarks.train``: trains on given token ids and prints one JSON line."""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from pipeline.config import cache_dir
from pipeline.settings import TrainConfig
from pipeline.train.precision import fastest
from pipeline.train.small_model import small_model

CONFIG = TrainConfig(rank=16, context_tokens=2048, learning_rate=1e-4, epochs=1.0, accumulate=1)
SEED = 0
GEMM = 2048
"""Side of the square product that stands for the machine's limit."""


@dataclasses.dataclass(frozen=True)
class Row:
    """What ``finetune`` reads of a sequence."""

    input_ids: list[int]
    labels: list[int]


class Turns(transformers.TrainerCallback):  # type: ignore[misc]
    """Waits for a line on stdin before each step and says when it is done; to wait costs no CPU time."""

    def on_step_begin(self, *given: Any, **named: Any) -> None:
        sys.stdin.readline()

    def on_step_end(self, *given: Any, **named: Any) -> None:
        print("step", flush=True)


def main(side: str, data: str, peer: str) -> None:
    rows = json.loads(Path(data).read_text())
    limit = flops_per_cpu_second()
    spent: list[float] = []
    stock = transformers.Trainer.train

    def timed(self: Any, *given: Any, **named: Any) -> Any:
        self.add_callback(Turns())
        self.remove_callback(transformers.PrinterCallback)  # stdout is for taking turns
        start = time.process_time()
        try:
            return stock(self, *given, **named)
        finally:
            spent.append(time.process_time() - start)

    transformers.Trainer.train = timed
    method: Callable[[Any, bool], list[float]] = ours
    if side.startswith("TRL"):
        sys.path.append(peer)
        method = trl
    losses = method(rows, side.endswith("checkpointing"))
    rate = sum(len(row["input_ids"]) for row in rows) / spent[0]
    print(json.dumps({"tokens_per_cpu_second": rate, "peak_mb": peak_mb(), "limit": limit, "losses": losses}))


def ours(rows: Any, checkpointing: bool) -> list[float]:
    from pipeline.train.finetune import finetune

    config = dataclasses.replace(CONFIG, checkpointing="recompute" if checkpointing else "none")
    with tempfile.TemporaryDirectory() as out:
        base = str(small_model(cache_dir()))
        return list(finetune(base, [Row(**row) for row in rows], Path(out), config, SEED).losses)  # type: ignore[misc]


def trl(rows: Any, checkpointing: bool) -> list[float]:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from pipeline.train.methods import lora

    base = str(small_model(cache_dir()))
    with tempfile.TemporaryDirectory() as out:
        args = SFTConfig(
            output_dir=out,
            per_device_train_batch_size=1,
            num_train_epochs=CONFIG.epochs,
            learning_rate=CONFIG.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=CONFIG.warmup,
            weight_decay=CONFIG.weight_decay,
            adam_beta2=CONFIG.beta2,
            bf16=fastest() is torch.bfloat16,
            use_cpu=True,
            gradient_checkpointing=checkpointing,
            max_length=None,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=False,
            seed=SEED,
            data_seed=SEED,
        )
        model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=fastest())
        tokenizer = transformers.AutoTokenizer.from_pretrained(base)
        transformers.set_seed(SEED)
        trainer = SFTTrainer(
            model, args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer, peft_config=lora(CONFIG)
        )
        trainer.train()
        return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def flops_per_cpu_second() -> float:
    a = torch.randn(GEMM, GEMM, dtype=fastest())
    a @ a
    start = time.process_time()
    for _ in range(3):
        a @ a
    return 3 * 2 * GEMM**3 / (time.process_time() - start)


def peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
