"""``switchover export``: the samples of generate in formats that others read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pipeline.verbs import emit, json_option, unused_config_option

FORMATS = ("chat", "hermes", "datasets", "tokens", "atif", "mini")
THINK = ("keep_only_think", "keep_only_non_think", "keep_all")


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE...")
@click.option("--format", "formats", multiple=True, required=True, type=click.Choice(FORMATS), help="May be repeated.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for the export; replaced as a whole."
)
@click.option(
    "--first", type=click.IntRange(0), metavar="N", help="At most N rollouts 1, drawn by --seed (default: all)."
)
@click.option("--second", type=click.IntRange(0), metavar="N", help="At most N rollouts 2, likewise.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draws where there are more than asked for.")
@click.option(
    "--think", type=click.Choice(THINK), default=THINK[0], show_default=True, help="hermes: thoughts, comments."
)
@click.option("--add-think", is_flag=True, help="hermes: what was said beside a call becomes a thought.")
@click.option("--base", metavar="MODEL", help="tokens: model folder, a model hub's name, or 'small'.")
@click.option(
    "--context-tokens", type=int, default=32768, show_default=True, metavar="N", help="tokens: longest sequence."
)
@click.option(
    "--too-long",
    type=click.Choice(("drop", "cut")),
    default="drop",
    show_default=True,
    help="tokens: leave a longer sample out, or end it after the last turn that fits whole.",
)
@click.option("--all", "all_rollouts", is_flag=True, help="atif, mini: every rollout, kept or not.")
@click.option("--force", is_flag=True, help="Replace a folder that is no export, with all that is in it.")
@unused_config_option
@json_option
def command(
    sources: tuple[Path, ...],
    formats: tuple[str, ...],
    out: Path,
    first: int | None,
    second: int | None,
    seed: int,
    think: str,
    add_think: bool,
    base: str | None,
    context_tokens: int,
    too_long: Literal["drop", "cut"],
    all_rollouts: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Export samples in formats that other trainers and viewers read.

    SOURCE is a folder of 'switchover generate' (give all shards) or a samples.jsonl. Several
    sources become one set: a sample that comes twice is taken once, a change that was made twice
    likewise, and samples that training can read whole come first.

    chat: OpenAI messages and tools as JSON lines. hermes: what SERA's recipes train on.
    datasets: parquet for datasets.load_dataset. tokens: token ids and labels for one base model, which
    TRL, axolotl and unsloth train on as they are. atif: Harbor's trajectories. mini:
    mini-swe-agent's trajectories. DIR also gets card.md, left_out.jsonl and export.json.

    \b
    Example:
      switchover export made-1 made-2 --format datasets --format chat --out data
      switchover export made --format hermes --first 5000 --second 3000 --out sera
      switchover export made --format tokens --base Qwen/Qwen3-32B --out tokens
    """
    from pipeline.export import HermesOptions, Mix, Options, TokensOptions, export

    options = Options(
        formats=tuple(dict.fromkeys(formats)),
        mix=Mix(first, second, seed),
        hermes=HermesOptions(think, add_think),
        tokens=TokensOptions(base, context_tokens, too_long),
        all_rollouts=all_rollouts,
        force=force,
    )
    done = export(sources, out, options)
    if as_json:
        from pipeline.types import to_json

        emit({"out": str(out), **to_json(done)})
        return
    reasons = ", ".join(f"{reason} {count}" for reason, count in done.left_out.items()) or "nothing"
    click.echo(f"{done.samples} samples ({done.first} first, {done.second} second) of {', '.join(done.repos)}")
    click.echo(f"left out: {reasons}")
    click.echo("\n".join(f"{out / name}: {size / 1e6:.1f} MB" for name, size in done.bytes.items()))
