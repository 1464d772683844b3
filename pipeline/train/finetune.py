"""LoRA fine-tuning with transformers' Trainer: batch 1, accumulation, no padding, no packing.

Batch 1 has no padding to waste time on, needs no attention mask (the fast causal path), and fills a GPU
at the length of agent trajectories. Covered: one CPU or one GPU, resuming to the same result.
Not covered here: several GPUs, quantized bases.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tqdm import tqdm
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from pipeline.errors import RunError
from pipeline.settings import TrainConfig
from pipeline.train import checkpoints, head, recipes
from pipeline.train.checkpoints import Checkpoint
from pipeline.train.precision import fastest
from pipeline.train.tokens import Tokens

LONG = 8192
"""Context from which activations are made again in the backward pass instead of kept."""


@dataclass(frozen=True)
class Trained:
    """The model after training, and what it took."""

    model: Any
    """The base with the adapter on it (a PeftModel)."""
    steps: int
    tokens: int
    """Tokens read in all steps."""
    losses: tuple[float, ...]
    """Per optimizer step, mean over its labelled tokens, in nats."""
    seconds: float


def finetune(
    base: Any, sequences: Sequence[Tokens], folder: Path, config: TrainConfig, seed: int, start: Checkpoint | None
) -> Trained:
    """Train a new LoRA adapter on ``base``, or go on from ``start``; checkpoints go to ``folder``.

    An interrupted run that goes on reads the same samples in the same order and ends in the same weights.
    Raises RunError when the device's memory gives out.
    """
    set_seed(seed)
    _leave_a_core()
    head.patch(base)
    model = get_peft_model(base, lora(config))
    clock = _Clock(start.seconds if start else 0.0)
    trainer = Trainer(
        model=model,
        args=_arguments(folder, config, seed),
        train_dataset=[{"input_ids": list(s.input_ids), "labels": s.labels} for s in sequences],
        data_collator=_one,
        callbacks=[_Progress(), _Seal(clock)],
    )
    trainer.remove_callback(PrinterCallback)  # it prints on stdout, which is for results
    try:
        trainer.train(resume_from_checkpoint=str(start.path) if start else None)
    except torch.OutOfMemoryError as error:
        raise RunError(
            f"train: out of memory on {model.device} ({error}); lower --context-tokens or --rank, or take a larger GPU"
        ) from None
    state = trainer.state
    losses = tuple(row["loss"] for row in state.log_history if "loss" in row)
    return Trained(model, state.global_step, int(state.num_input_tokens_seen), losses, clock.seconds)


def _leave_a_core() -> None:
    # Threads wait for each other at every operation: with one more than there are free cores, a run took four times
    # as long by the clock (docs/training.md).
    torch.set_num_threads(max(1, min(torch.get_num_threads(), len(os.sched_getaffinity(0)) - 1)))


def lora(config: TrainConfig) -> LoraConfig:
    """Adapters on every linear layer but the head, which vLLM's LoRA does not serve."""
    return LoraConfig(
        r=config.rank,
        lora_alpha=recipes.LORA_ALPHA_PER_RANK * config.rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _arguments(folder: Path, config: TrainConfig, seed: int) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulate,
        num_train_epochs=config.epochs,
        max_steps=-1 if config.max_steps is None else config.max_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipes.WARMUP_SHARE,
        weight_decay=0.01,
        bf16=fastest() is torch.bfloat16,
        use_cpu=not on_gpu,
        gradient_checkpointing=config.context_tokens > LONG,
        logging_steps=1,
        save_steps=recipes.CHECKPOINT_STEPS,
        save_total_limit=2,
        include_num_input_tokens_seen="all",
        remove_unused_columns=False,
        dataloader_pin_memory=on_gpu,
        disable_tqdm=True,
        report_to=[],
        seed=seed,
        data_seed=seed,
    )


def _one(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    assert len(rows) == 1, "batch 1 by design: there is no padding"
    return {key: torch.tensor([value]) for key, value in rows[0].items()}


class _Clock:
    """Seconds of training, those of earlier parts included."""

    def __init__(self, before: float) -> None:
        self._start = time.monotonic() - before

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start


class _Seal(TrainerCallback):  # type: ignore[misc]
    """Seals each checkpoint once all its files are written."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        checkpoints.seal(Path(args.output_dir) / f"checkpoint-{state.global_step}", self._clock.seconds)


class _Progress(TrainerCallback):  # type: ignore[misc]
    """Steps and loss on stderr; quiet when stderr is no terminal."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._bar = tqdm(total=state.max_steps, initial=state.global_step, unit="step", disable=None)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **rest: Any) -> None:
        if logs and "loss" in logs:
            self._bar.set_postfix(loss=f"{logs['loss']:.3f}")
            self._bar.update(state.global_step - self._bar.n)

    def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._bar.close()
