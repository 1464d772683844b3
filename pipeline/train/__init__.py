"""Samples in, a LoRA adapter out: tokens, self-check, fine-tuning, and the adapter's card.

Importing this costs nothing; torch, transformers and peft are imported when ``train`` is called.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.settings import Price, TrainConfig
from pipeline.train.card import AdapterCard, read_card

__all__ = ["AdapterCard", "read_card", "train"]


def train(
    samples: Path, base: str, out: Path, *, config: TrainConfig, seed: int = 0, price: Price | None = None
) -> AdapterCard:
    """Fine-tune ``base`` on ``samples`` into the PEFT adapter folder ``out``; its card, once finished.

    ``base`` is a model folder, a model hub's name, or ``small``. ``price`` is that of the machine's hour;
    None leaves the cost unknown. The same call goes on from the newest whole checkpoint, and does nothing
    where the adapter is finished. Raises InputError for samples or a base that cannot be used and for an
    ``out`` that other samples or settings have begun; RunError when disk or memory give out.
    """
    from pipeline.train.job import run_job

    return run_job(samples, base, out, config=config, seed=seed, price=price)
