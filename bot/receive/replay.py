"""``switchover replay``: work again on deliveries, once the cause is mended or a new parser reads them better."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.argument("guids", nargs=-1, metavar="[GUID]...")
@click.option("--db", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Database of the bot.")
@click.option("--state", type=click.Choice(["dead", "done", "ignored"]), help="Those in this state.")
@click.option("--event", metavar="NAME", help="Those of this event, such as pull_request.")
@unused_config_option
@json_option
def command(guids: tuple[str, ...], db: Path, state: str | None, event: str | None, as_json: bool) -> None:
    """Have deliveries handled once more: those that meet all that is given.

    A running bot takes them up within a minute. What they write to the database a second time is
    the same, and what was posted is not posted again. A delivery whose body is no longer kept
    cannot be handled again; how many those are is said.

    \b
    Example:
      switchover replay --db so.db --state dead
    """
    from bot.receive import deliveries
    from pipeline.store import Store

    with Store.open(db, must_exist=True) as store:
        found = deliveries.replay(store, guids, state, event)
    if as_json:
        emit({"waiting": found.waiting, "without_body": found.without_body})
        return
    lost = f"; {found.without_body} cannot be, their bodies are no longer kept" if found.without_body else ""
    click.echo(f"{found.waiting} deliveries will be handled again{lost}")
