"""``switchover train``: samples in, an adapter out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from pipeline import config as configuration
from pipeline import prices
from pipeline.errors import InputError
from pipeline.settings import TrainConfig
from pipeline.train import train
from pipeline.types import to_json
from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--samples", required=True, type=click.Path(path_type=Path), metavar="FILE", help="samples.jsonl.")
@click.option(
    "--base",
    metavar="MODEL",
    help="Model folder, a model hub's name, or 'small' (135M, for trying out). Default: train.base of the config.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the adapter.")
@click.option("--context-tokens", type=int, metavar="N", help="Longest sample; longer ones are left out.")
@click.option("--max-steps", type=int, metavar="N", help="Stop after N optimizer steps. Default: by epochs.")
@click.option("--rank", type=int, metavar="R", help="Rank of the LoRA adapter.")
@click.option("--epochs", type=float, metavar="X", help="Passes over the samples.")
@click.option("--learning-rate", type=float, metavar="X")
@click.option("--accumulate", type=int, metavar="N", help="Samples per optimizer step.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@config_option
@json_option
def command(
    samples: Path, base: str | None, out: Path, seed: int, config_path: Path | None, as_json: bool, **settings: Any
) -> None:
    """Fine-tune a LoRA adapter on the samples.

    Before any training each sample is rendered with the base model's own chat template, and what
    carries loss is proven to be exactly the assistant's turns, tool calls included. The same command
    goes on from its newest checkpoint, and does nothing when it is finished.

    \b
    Example:
      switchover train --samples out/samples.jsonl --base small --out adapter --max-steps 24
    """
    config = configuration.load(config_path)
    given = {key: value for key, value in settings.items() if value is not None}
    wanted = checked(dataclasses.replace(config.train, **given))
    model = base or wanted.base
    card = train(samples, model, out, config=wanted, seed=seed, price=prices.current(config, model))
    if as_json:
        emit(to_json(card))
    else:
        click.echo(f"{out}: {card.steps} steps on {card.samples} samples, loss {card.first_loss} -> {card.loss}")


def checked(config: TrainConfig) -> TrainConfig:
    """``config`` if every number in it can be trained with. Raises InputError naming the flag."""
    for key, least in (("rank", 1), ("context_tokens", 1), ("accumulate", 1), ("max_steps", 1)):
        value = getattr(config, key)
        if value is not None and value < least:
            raise InputError(f"--{key.replace('_', '-')}: {value} is too small; give {least} or more")
    for key in ("epochs", "learning_rate"):
        value = getattr(config, key)
        if not 0 < value < float("inf"):
            raise InputError(f"--{key.replace('_', '-')}: {value} is not above 0; give a number above 0")
    return config
