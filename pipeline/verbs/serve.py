"""``switchover serve``: an endpoint for as long as the command runs."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from pipeline.config import cache_dir
from pipeline.serve import ENGINES, serving
from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--base", required=True, metavar="MODEL", help="Model folder, a model hub's name, or 'small'.")
@click.option("--adapter", type=click.Path(path_type=Path), metavar="DIR", help="Adapter folder of 'train'.")
@click.option("--engine", type=click.Choice(ENGINES), default="vllm", show_default=True)
@click.option("--port", type=int, default=0, help="0: a free one.")
@click.option("--max-model-len", type=click.IntRange(min=64), default=8192, show_default=True, help="In tokens.")
@click.option("--log", type=click.Path(path_type=Path), metavar="FILE", help="The server's own output.")
@config_option
@json_option
def command(
    base: str,
    adapter: Path | None,
    engine: str,
    port: int,
    max_model_len: int,
    log: Path | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Serve a base model, and an adapter on it, as an OpenAI-compatible endpoint.

    Prints one JSON line once it answers: url, and model, the name that requests give (own, or base
    without an adapter; base answers too). Runs until Ctrl-C or SIGTERM, and ends every process it started.

    \b
    Example:
      switchover serve --base small --adapter adapter --port 8100
    """
    _ = config_path, as_json  # each verb takes them; this one's output is JSON anyway
    log = log or cache_dir() / "serve.log"
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with serving(base, adapter, engine=engine, port=port, log=log, max_model_len=max_model_len) as served:
            emit({"url": served.url, "model": served.own_model or served.base_model})
            signal.pause()
    except KeyboardInterrupt:
        click.echo("switchover serve: ended", err=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
