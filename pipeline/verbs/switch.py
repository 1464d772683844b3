"""``switchover switch``: who serves the team, changed by hand and recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.verbs import config_option, emit, json_option

if TYPE_CHECKING:
    from pipeline.switch import Switched


@click.command()
@click.argument("route", metavar="own|frontier|canary=SHARE")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository (default: here).")
@click.option("--db", type=click.Path(path_type=Path), metavar="FILE", help="Database that remembers the switch.")
@config_option
@json_option
def command(route: str, repo: Path, db: Path | None, config_path: Path | None, as_json: bool) -> None:
    """Set who serves the team: own, frontier, or own for a share of the work.

    Changes serve.route in .github/switchover.yml and nothing else in it; commit it as any other
    change. With --db the time and the person are recorded: pull requests after it are audits of
    own, which call for switching back if it falls behind.

    \b
    Example:  switchover switch own --db so.db
              switchover switch canary=0.1 --repo ./clone
    """
    from pipeline.switch import switch

    done = switch(route, repo, config_path, db)
    if as_json:
        emit({"config": str(done.config), "route": done.route, "before": done.before, "changed": done.is_changed,
              "repo": done.repo, "recorded": done.is_recorded})  # fmt: skip
    else:
        click.echo(_what(done))
        click.echo(_memory(done, db))


def _what(done: Switched) -> str:
    if done.is_changed:
        return f"{done.config}: serve.route was {done.before}, is now {done.route}"
    return f"{done.config}: serve.route is {done.route} already; nothing changed"


def _memory(done: Switched, db: Path | None) -> str:
    if db is None:
        return "not recorded: give --db FILE, so that audits of own start from now"
    return f"recorded in {db}" if done.is_recorded else f"{db}: has it so already"
