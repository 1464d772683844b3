"""``switchover merge``: the shards of one ``generate`` put together."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="DIR...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the joined JSONL files.")
@click.option("--complete", is_flag=True, help="Exit with 1 while a shard is missing or unfinished.")
@unused_config_option
@json_option
def command(folders: tuple[Path, ...], out: Path, complete: bool, as_json: bool) -> None:
    """Join the folders of generate's shards, and say which are missing.

    Shards are disjoint, so their files are simply put behind each other. What is missing or unfinished is named;
    once it is there, the same command takes it in.

    \b
    Example:
      switchover generate --repo ./clone --out made/1 --shard 1/2 --samples 4000
      switchover generate --repo ./clone --out made/2 --shard 2/2 --samples 4000
      switchover merge made/1 made/2 --out made/all
    """
    from pipeline.errors import RunError
    from pipeline.generate.merge import merge, sentence
    from pipeline.types import to_json

    merged = merge(folders, out)
    if as_json:
        emit(to_json(merged))
    else:
        click.echo(sentence(merged, out))
    if complete and merged.state != "done":
        raise RunError(sentence(merged, out))
