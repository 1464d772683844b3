"""``switchover switch``: who serves the team, changed by hand and recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.errors import InputError
from pipeline.verbs import config_option, emit, json_option

if TYPE_CHECKING:
    from pipeline.switch import Switched


@click.command()
@click.argument("route", metavar="own|frontier|canary=SHARE")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository (default: here).")
@click.option("--db", type=click.Path(path_type=Path), metavar="FILE", help="Database that remembers the switch.")
@click.option("--router-config", type=click.Path(path_type=Path), metavar="FILE", help="Write the LiteLLM proxy's.")
@click.option(
    "--own-url", "own_urls", multiple=True, metavar="URL", help="A server of own, for the router; repeatable."
)
@config_option
@json_option
def command(
    route: str,
    repo: Path,
    db: Path | None,
    router_config: Path | None,
    own_urls: tuple[str, ...],
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Set who serves the team: own, frontier, or own for a share of the work.

    Changes serve.route in .github/switchover.yml and nothing else in it; commit it as any other
    change. With --db the time and the person are recorded: pull requests after it are audits of
    own, which call for switching back if it falls behind. With --router-config the LiteLLM proxy's
    config is written for the route: agents ask it for 'switchover', and frontier answers where own fails.

    \b
    Example:  switchover switch own --db so.db
              switchover switch canary=0.1 --repo ./clone
              switchover switch own --router-config litellm.yaml --own-url http://gpu:8100/v1
    """
    from pipeline.switch import switch

    if own_urls and not router_config:
        raise InputError("switch: --own-url is for the router; give --router-config FILE too")
    done = switch(route, repo, config_path, db, router_config=router_config, own_urls=own_urls)
    if as_json:
        value = {"config": str(done.config), "route": done.route, "before": done.before, "changed": done.is_changed,
                 "repo": done.repo, "recorded": done.is_recorded}  # fmt: skip
        emit(value | ({"router": str(done.router)} if done.router else {}))
    else:
        click.echo(_what(done))
        click.echo(_memory(done, db))
        if done.router:
            click.echo(f"{done.router}: written for it; start the LiteLLM proxy again, so that it reads it")


def _what(done: Switched) -> str:
    if done.is_changed:
        return f"{done.config}: serve.route was {done.before}, is now {done.route}"
    return f"{done.config}: serve.route is {done.route} already; nothing changed"


def _memory(done: Switched, db: Path | None) -> str:
    if db is None:
        return "not recorded: give --db FILE, so that audits of own start from now"
    return f"recorded in {db}" if done.is_recorded else f"{db}: has it so already"
