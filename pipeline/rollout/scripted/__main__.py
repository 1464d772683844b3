"""``python -m pipeline.rollout.scripted --port N``: serve the scripted model until Ctrl-C."""

from __future__ import annotations

import contextlib
import threading

import click

from pipeline.rollout.scripted.server import NAME, serve


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any free port.")
def main(port: int) -> None:
    """Serve the scripted model on loopback for any OpenAI client; prints its URL on stdout.

    \b
    Example:
      python -m pipeline.rollout.scripted --port 8001
    """
    try:
        with serve(port) as url, contextlib.suppress(KeyboardInterrupt):
            click.echo(url)
            click.echo(f"serving the model {NAME!r}; Ctrl-C ends it", err=True)
            threading.Event().wait()
    except OSError as error:
        raise click.ClickException(f"port {port}: {error.strerror}; choose another with --port") from None


if __name__ == "__main__":
    main()
