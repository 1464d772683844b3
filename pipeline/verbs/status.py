"""``switchover status``: what is done, what was left out and why, what it cost."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder of a cycle, generate or evaluate.")
@unused_config_option
@json_option
def command(out: Path, as_json: bool) -> None:
    """Show what each step has done in a folder, counts by reason, and the spend.

    \b
    Example:
      switchover status --out cycle-out
    """
    from pipeline.status import status

    found = status(out)
    if as_json:
        emit(found)
        return
    for step, entry in found.items():
        click.echo(step)
        for key, value in entry.items():
            click.echo(f"  {key}: {_text(value)}")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "unknown" if value is None else str(value)
