"""``switchover retrain``: samples in; a new adapter, gated and registered, out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.verbs import config_option, emit, json_option
from pipeline.verbs.adapters.options import registry_option

if TYPE_CHECKING:
    from pipeline.settings import Config


@click.command()
@click.option("--samples", required=True, type=click.Path(path_type=Path), metavar="FILE", help="samples.jsonl.")
@click.option("--repo", required=True, type=click.Path(path_type=Path), metavar="CLONE", help="Has their commits.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="For all that is made.")
@registry_option
@click.option("--base", metavar="MODEL", help="Base model. Default: train.base of the config.")
@click.option("--recipe", metavar="NAME", help="Settings of training that belong together; see 'train --help'.")
@click.option("--plan", is_flag=True, help="Print as JSON what memory and time training would take; train nothing.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@config_option
@json_option
def command(
    samples: Path,
    repo: Path,
    out: Path,
    registry: str | None,
    base: str | None,
    recipe: str | None,
    plan: bool,
    seed: int,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Train an adapter, gate it, register it, and promote it where it has passed.

    Some functions' samples are held out for the gates. An adapter that does not pass is registered too and not
    promoted: the last one stays, and the exit status is 0. One retraining of a repository runs at a time. The
    same command goes on where it stopped.

    \b
    Example:
      switchover retrain --samples made/samples.jsonl --repo ./clone --out retrained --registry registry
    """
    from pipeline import config
    from pipeline.steps.retrain import Asked, retrain, with_registry

    settings = with_registry(_with(config.load(config_path, repo), base, recipe), registry)
    if plan:
        from pipeline.verbs.train import planned

        emit(planned(samples, settings.train.base, settings.train, settings))
        return
    done = retrain(Asked(samples, repo, out, seed), settings)
    if as_json:
        emit(done.as_json())
    else:
        click.echo(done.sentence())


def _with(config: Config, base: str | None, recipe: str | None) -> Config:
    from pipeline import recipes

    chosen = recipes.recipe(recipe).apply(config.train) if recipe else config.train
    if base:
        chosen = dataclasses.replace(chosen, base=base)
    return dataclasses.replace(config, train=chosen)
