"""Fine-tuning with transformers' Trainer: batch 1, accumulation, no padding, no packing.

Batch 1 has no padding to waste time on, needs no attention mask (the fast causal path), and fills a GPU
at the length of agent trajectories. Covered: one CPU or GPU, or several processes that torchrun has started;
resuming to the same result. The methods are in ``methods``, what happens beside the steps in ``callbacks``.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, Trainer, TrainerState, TrainingArguments, set_seed

from pipeline.config import Ranks
from pipeline.errors import Interrupted, RunError
from pipeline.settings import TrainConfig
from pipeline.train import methods
from pipeline.train.callbacks import Clock, Reporting, Saving
from pipeline.train.checkpoints import Checkpoint
from pipeline.train.precision import fastest
from pipeline.train.sharded import AdapterTrainer, ShardedTrainer
from pipeline.train.tokens import Tokens

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt, from malloc.h."""


@dataclass(frozen=True)
class Trained:
    """The model after training, and what it took."""

    model: Any
    """The base with the adapter on it (a PeftModel), or the whole model where all of it was trained."""
    steps: int
    tokens: int
    """Tokens read in all steps."""
    losses: tuple[float, ...]
    """Per optimizer step, mean over its labelled tokens, in nats."""
    seconds: float


def finetune(
    base: str,
    sequences: Sequence[Tokens],
    out: Path,
    config: TrainConfig,
    seed: int,
    *,
    start: Checkpoint | None = None,
    ranks: Ranks | None = None,
) -> Trained:
    """Train the resolved ``base``, or go on from ``start``; checkpoints and progress go to folder ``out``.

    With several ``ranks`` every process calls this with the same arguments. An interrupted run that goes
    on reads the same samples in the same order and ends in the same weights. Raises Interrupted after
    SIGTERM, once a checkpoint is written; RunError when the device's memory gives out.
    """
    ranks = ranks or Ranks()
    set_seed(seed)
    _leave_a_core(ranks)
    if not torch.cuda.is_available():
        _set_allocator(thrifty=methods.checkpoints_activations(config))
    sharded = methods.is_sharded(config, ranks)
    all_weights = config.method == "full"
    # Weights that are split among processes cannot be put in afterwards from a checkpoint of whole ones.
    source = str(start.path) if start and sharded and all_weights else base
    clock = Clock(start.seconds if start else 0.0)
    saving = Saving(clock, ranks, start.step if start else 0)
    kind = AdapterTrainer if not all_weights else ShardedTrainer if sharded else Trainer
    trainer = kind(
        model=methods.trainable(source, config, ranks),
        args=_arguments(out / "checkpoints", config, seed, ranks),
        train_dataset=[{"input_ids": list(s.input_ids), "labels": s.labels} for s in sequences],
        data_collator=_one,
        callbacks=[saving, *([Reporting(out, clock)] if ranks.first else [])],
    )
    trainer.remove_callback(PrinterCallback)  # it prints on stdout, which is for results
    with saving.listening():
        _run(trainer, start)
    state = trainer.state
    if state.global_step < state.max_steps:
        raise Interrupted(
            f"train: asked to end (SIGTERM) at step {state.global_step} of {state.max_steps}, which is saved; "
            "the same command goes on from there"
        )
    losses = tuple(row["loss"] for row in state.log_history if "loss" in row)
    return Trained(trainer.model, state.global_step, int(state.num_input_tokens_seen), losses, clock.seconds)


def _run(trainer: Trainer, start: Checkpoint | None) -> None:
    if start:
        state = TrainerState.load_from_json(str(start.path / "trainer_state.json"))
        if state.global_step >= state.max_steps:  # killed after the last step: the Trainer would do one more
            trainer._load_from_checkpoint(str(start.path))
            trainer.state = state
            return
    try:
        trainer.train(resume_from_checkpoint=str(start.path) if start else None)
    except torch.OutOfMemoryError as error:
        raise RunError(
            f"train: out of memory on {trainer.args.device} ({error}); lower --context-tokens or --rank, "
            "set train.checkpointing to offload, or take a larger GPU"
        ) from None


def _leave_a_core(ranks: Ranks) -> None:
    # Threads wait for each other at every operation: with one more than there are free cores, a run took four times
    # as long by the clock (docs/training.md).
    free = (len(os.sched_getaffinity(0)) - 1) // ranks.world
    torch.set_num_threads(max(1, min(torch.get_num_threads(), free)))


def _set_allocator(thrifty: bool) -> None:
    # glibc's heap reuses aligned blocks badly: a step with checkpointing held 3.3 GB of which it used 1.4. Blocks of
    # their own, given back at once, mend that for a fifth more CPU time, since the kernel zeroes each anew. Where
    # activations are kept anyway, giving nothing back saves 4% of the CPU time for 7% more memory (docs/LOG.md).
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, 1 << 20 if thrifty else 1 << 30)
        mallopt(M_TRIM_THRESHOLD, 1 << 20 if thrifty else (1 << 31) - 1)


def _arguments(folder: Path, config: TrainConfig, seed: int, ranks: Ranks) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    several: dict[str, Any] = {}
    if ranks.world > 1:
        several = {"ddp_backend": "nccl" if on_gpu else "gloo", "ddp_find_unused_parameters": False}
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulate,
        num_train_epochs=config.epochs,
        max_steps=-1 if config.max_steps is None else config.max_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        adam_beta2=config.beta2,
        bf16=fastest() is torch.bfloat16,
        use_cpu=not on_gpu,
        gradient_checkpointing=methods.checkpoints_activations(config),
        gradient_checkpointing_kwargs={"use_reentrant": False},
        logging_steps=1,
        save_strategy="no",  # ``Saving`` says when
        save_total_limit=2,
        include_num_input_tokens_seen="all",
        remove_unused_columns=False,
        dataloader_pin_memory=on_gpu,
        disable_tqdm=True,
        report_to=[],
        seed=seed,
        data_seed=seed,
        **several,
    )


def _one(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    assert len(rows) == 1, "batch 1 by design: there is no padding"
    return {key: torch.tensor([value]) for key, value in rows[0].items()}
