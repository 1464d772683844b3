"""``switchover status``: what is done, what waits, what was left out and why, what it cost."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Folder of a cycle, generate or evaluate (default: here).")
@click.option("--db", type=click.Path(path_type=Path), metavar="FILE", help="Database of the bot or of collect.")
@click.option("--left-out", "list_left_out", is_flag=True, help="With --db: list each thing left out, with its reason.")
@click.option("--reason", metavar="CODE", help="With --db: list the things left out for this reason.")
@unused_config_option
@json_option
def command(out: Path | None, db: Path | None, list_left_out: bool, reason: str | None, as_json: bool) -> None:
    """Show what each step has done in a folder, or what runs and waits in the bot's database.

    Both give counts by reason of what was left out. --left-out and --reason print one line per
    thing; with --json one JSON object per line.

    \b
    Example:
      switchover status --out cycle-out
      switchover status --db so.db --reason bot
    """
    if db is None:
        if list_left_out or reason is not None:
            raise click.UsageError("--left-out and --reason need --db FILE")
        _show_folder(out or Path(), as_json)
    elif out is not None:
        raise click.UsageError("--out and --db exclude each other; give one of them")
    elif list_left_out or reason is not None:
        _show_left_out(db, reason, as_json)
    else:
        _show_database(db, as_json)


def _show_folder(out: Path, as_json: bool) -> None:
    from pipeline.status import status

    found = status(out)
    if as_json:
        emit(found)
        return
    for step, entry in found.items():
        click.echo(step)
        progress = entry.pop("progress", None)
        for line in _standing(progress) if progress else ():
            click.echo(f"  {line}")
        for key, value in entry.items():
            click.echo(f"  {key}: {_text(value)}")


def _standing(progress: dict[str, Any]) -> list[str]:
    from pipeline.generate.progress.snapshot import rows
    from pipeline.generate.progress.standing import snapshot_of

    now = snapshot_of(progress)
    goes_on = {"running": "", "done": "", "limit_usd": "; with a higher limit the same command goes on from there"}
    then = goes_on.get(now.state, "; the same command goes on from there")
    head = f"{now.state}, {now.ended} of {now.planned} functions, at {now.updated_at}{then}"
    return [head, *(f"  {name}: {text}" for name, text in rows(now))]


def _show_database(db: Path, as_json: bool) -> None:
    from pipeline.app_status import app_status, lines

    found = app_status(db)
    if as_json:
        emit(found)
        return
    for line in lines(found):
        click.echo(line)


def _show_left_out(db: Path, reason: str | None, as_json: bool) -> None:
    from pipeline.app_status import left_out, left_out_line

    for row in left_out(db, reason):
        if as_json:
            emit(asdict(row))
        else:
            click.echo(left_out_line(row))


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "unknown" if value is None else str(value)
