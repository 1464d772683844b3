"""``switchover init``: the config and the workflow files."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--force", is_flag=True, help="Overwrite files that exist and differ.")
@unused_config_option
@json_option
def command(path: Path, force: bool, as_json: bool) -> None:
    """Write .github/switchover.yml and the workflow files into the repository at PATH.

    \b
    Example:
      switchover init ./clone
    """
    from pipeline.init import init

    written = init(path, force=force)
    if as_json:
        emit({"written": [str(file) for file in written]})
    elif written:
        for file in written:
            click.echo(f"wrote {path / file}")
        click.echo("next: name your models in .github/switchover.yml, then run 'switchover doctor'")
    else:
        click.echo("all files are there already, unchanged")
