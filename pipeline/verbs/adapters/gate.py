"""``switchover adapters split`` and ``gate``: samples held out, and what an adapter must pass with them."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.errors import InputError
from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--samples", required=True, type=click.Path(path_type=Path), metavar="FILE", help="samples.jsonl.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Where both files go.")
@click.option("--share", type=float, metavar="X", help="Of the functions. Default: adapters.held_out_share.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@config_option
@json_option
def split(samples: Path, out: Path, share: float | None, seed: int, config_path: Path | None, as_json: bool) -> None:
    """Divide samples into train.jsonl and held_out.jsonl, by whole functions.

    The same function is held out every time the seed is the same, so that later adapters can be compared on it.

    \b
    Example:
      switchover adapters split --samples out/samples.jsonl --out split
    """
    from pipeline import config, jsonl
    from pipeline.train.held_out import split as divided

    chosen = config.load(config_path).adapters.held_out_share if share is None else share
    paths = divided(samples, out, share=chosen, seed=seed)
    counts = [sum(1 for _ in jsonl.lines(path)) for path in paths]
    if as_json:
        emit({"train": str(paths[0]), "held_out": str(paths[1]), "samples": counts[0], "held_out_samples": counts[1]})
    else:
        click.echo(f"{counts[0]} samples in {paths[0]}, {counts[1]} held out in {paths[1]}")


@click.command()
@click.argument("adapter", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--samples", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Held-out samples.")
@click.option("--last", type=click.Path(path_type=Path), metavar="DIR", help="The adapter that it is to replace.")
@click.option("--url", metavar="URL", help="A server that has loaded it, ending in /v1.")
@click.option("--base", default="base", show_default=True, metavar="NAME", help="The base's name at the server.")
@click.option("--own", default="own", show_default=True, metavar="NAME", help="The adapter's name at the server.")
@click.option("--repo", type=click.Path(path_type=Path), metavar="PATH", help="Clone for live rollouts, with --url.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@config_option
@json_option
def gate(
    adapter: Path,
    samples: Path,
    last: Path | None,
    url: str | None,
    base: str,
    own: str,
    repo: Path | None,
    seed: int,
    config_path: Path | None,
    as_json: bool,
) -> int:
    """Run the gates of the adapter in DIR and write gates.json beside its card. Exit 1 where one failed.

    Without --url: loss on held-out samples, and general skill, both beside its base. With --url also
    whether the server really runs it; with --repo too, valid tool calls in live rollouts. What an earlier call has
    found for the same weights stays, so that both parts may be run one after the other.

    \b
    Example:
      switchover adapters gate adapter --samples split/held_out.jsonl
      switchover adapters gate adapter --samples split/held_out.jsonl --url http://127.0.0.1:8100/v1 --repo clone
    """
    from pipeline import config
    from pipeline.evaluate.request import Model
    from pipeline.gates.run import Candidate, keep, offline, through_server

    if repo is not None and url is None:
        raise InputError("--repo: live rollouts need a server; name it with --url")
    settings = config.load(config_path)
    candidate = Candidate.of(adapter, samples, last)
    if url is None:
        gates = offline(candidate, settings.train.context_tokens)
    else:
        models = {"own": Model(url, own), "base": Model(url, base)}
        gates = through_server(candidate, models, repo, adapter / "gates", settings, seed)  # type: ignore[arg-type]
    record = keep(candidate, gates)
    if as_json:
        emit(record.as_json())
    else:
        for result in record.gates:
            click.echo(f"{result.name}: {'passed' if result.passed else 'FAILED'}: {result.why}")
        for name in record.missing:
            click.echo(f"{name}: not run")
    return 1 if record.failed else 0


COMMANDS = (split, gate)
