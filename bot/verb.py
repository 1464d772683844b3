"""``switchover bot --db FILE``: the server, until it is told to end."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pipeline.verbs import emit, json_option, unused_config_option


@click.command()
@click.option("--db", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Database; made if absent.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="0.0.0.0: every interface.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option(
    "--keep-days",
    type=click.IntRange(min=0),
    default=14,
    show_default=True,
    help="Days after which the bodies of deliveries are deleted; they are kept as they came, unredacted.",
)
@unused_config_option
@json_option
def command(db: Path, host: str, port: int, keep_days: int, as_json: bool) -> None:
    """Receive what GitHub sends to the App, collect, and show it.

    Serves POST /webhook, GET /healthz, the setup page and the dashboard, and runs the worker beside
    it. Prints the page's address on stderr; with --json one JSON line (url, pid) once it answers.
    Runs until Ctrl-C or SIGTERM, and then ends in order; killed at any moment it loses nothing.

    \b
    Example:
      switchover bot --db so.db
    """
    from bot.serve import server

    def ready(url: str) -> None:
        click.echo(f"switchover bot: {url}  (webhooks at {url}webhook; Ctrl-C ends it)", err=True)
        if as_json:
            emit({"url": url, "pid": os.getpid()})

    server.run(db, host, port, worker=server.worker_command(db, keep_days), ready=ready)
    click.echo("switchover bot: ended", err=True)
