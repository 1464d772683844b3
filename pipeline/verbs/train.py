"""``switchover train``: samples in, an adapter out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from pipeline import config as configuration
from pipeline import prices, recipes
from pipeline.errors import InputError
from pipeline.settings import Config, TrainConfig
from pipeline.train import train
from pipeline.types import to_json
from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--samples", type=click.Path(path_type=Path), metavar="FILE", help="samples.jsonl.")
@click.option(
    "--base",
    metavar="MODEL",
    help="Model folder, a model hub's name, or 'small' (135M, for trying out). Default: train.base of the config.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the adapter.")
@click.option(
    "--recipe", metavar="NAME", help=f"Settings that belong together: {', '.join(recipes.NAMES)}. Other flags override."
)
@click.option("--method", type=click.Choice(("lora", "qlora", "full")), help="What is trained.")
@click.option("--context-tokens", type=int, metavar="N", help="Longest sample, in tokens.")
@click.option("--too-long", type=click.Choice(("drop", "cut")), help="What becomes of a longer one.")
@click.option("--max-steps", type=int, metavar="N", help="Stop after N optimizer steps. Default: by epochs.")
@click.option("--rank", type=int, metavar="R", help="Rank of the LoRA adapter.")
@click.option("--epochs", type=float, metavar="X", help="Passes over the samples.")
@click.option("--learning-rate", type=float, metavar="X")
@click.option("--accumulate", type=int, metavar="N", help="Samples per optimizer step, on each GPU.")
@click.option("--gpus", type=int, metavar="N", help="Processes that train together, one a GPU.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--plan", is_flag=True, help="Print as JSON what memory and time it would take; train nothing.")
@click.option(
    "--server", metavar="URL#NAME", help="Compare the prompts with those of a server (vLLM) of the base model first."
)
@config_option
@json_option
def command(
    samples: Path | None,
    base: str | None,
    out: Path | None,
    recipe: str | None,
    seed: int,
    plan: bool,
    server: str | None,
    config_path: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Fine-tune a LoRA adapter on the samples.

    Before any training each sample is rendered with the base model's own chat template, and what
    carries loss is proven to be exactly the assistant's turns, tool calls included. What it will
    take is told first, and refused where the GPU is plainly too small. The same command goes on
    from its newest checkpoint, and does nothing when it is finished.

    \b
    Example:
      switchover train --samples out/samples.jsonl --base small --out adapter --max-steps 24
      switchover train --recipe qlora-32b-80gb --samples out/samples.jsonl --plan
    """
    config = configuration.load(config_path)
    given = {key: value for key, value in settings.items() if value is not None}
    chosen = recipes.recipe(recipe).apply(config.train) if recipe else config.train
    wanted = checked(dataclasses.replace(chosen, **given))
    model = base or wanted.base
    if plan:
        emit(planned(samples, model, wanted, config))
        return
    if samples is None or out is None:
        raise click.UsageError(f"Missing option '{'--out' if samples else '--samples'}'.")
    if server:
        compared_with(server, samples, model)
    card = train(samples, model, out, config=wanted, seed=seed, price=prices.current(config, model))
    if not configuration.ranks().first:
        return
    if as_json:
        emit(to_json(card))
    else:
        click.echo(f"{out}: {card.steps} steps on {card.samples} samples, loss {card.first_loss} -> {card.loss}")


def planned(samples: Path | None, base: str, wanted: TrainConfig, config: Config) -> dict[str, Any]:
    """The plan as one JSON object; its time and cost are null without ``samples``."""
    from pipeline.train.devices import at_hand
    from pipeline.train.planning import lines, make_plan
    from pipeline.train.samples import read_conversations

    found = read_conversations(samples) if samples else []
    plan = make_plan(base, wanted, found, at_hand(), prices.current(config, base))
    for line in lines(plan):
        click.echo(line, err=True)
    return plan.as_json()


def compared_with(server: str, samples: Path, base: str) -> None:
    """Hold the prompts that training will read against a server's. Raises InputError where they differ."""
    from pipeline.rollout.endpoint import Endpoint
    from pipeline.train.base import load_template, resolve
    from pipeline.train.samples import read_conversations
    from pipeline.train.server_prompts import hold_against

    url, _, name = server.partition("#")
    if not name:
        raise InputError(f"--server: {server!r} names no model; give URL#NAME, as http://127.0.0.1:8000/v1#base")
    endpoint = Endpoint(url, name, configuration.secrets().own_key, token_ids=True)
    compared = hold_against(endpoint, load_template(resolve(base)), read_conversations(samples))
    click.echo(f"{url}: makes the {compared} prompts that were compared as training reads them", err=True)


def checked(config: TrainConfig) -> TrainConfig:
    """``config`` if every number in it can be trained with. Raises InputError naming the flag."""
    for key, least in (("rank", 1), ("context_tokens", 1), ("accumulate", 1), ("max_steps", 1), ("gpus", 1)):
        value = getattr(config, key)
        if value is not None and value < least:
            raise InputError(f"--{key.replace('_', '-')}: {value} is too small; give {least} or more")
    for key in ("epochs", "learning_rate"):
        value = getattr(config, key)
        if not 0 < value < float("inf"):
            raise InputError(f"--{key.replace('_', '-')}: {value} is not above 0; give a number above 0")
    return config
