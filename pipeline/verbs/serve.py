"""``switchover serve``: an endpoint for as long as the command runs."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Any

import click

from pipeline import config, router
from pipeline.errors import InputError
from pipeline.serve import ENGINES, Served, serving
from pipeline.verbs import config_option, emit, json_option


@click.command()
@click.option("--base", required=True, metavar="MODEL", help="Model folder, a model hub's name, or 'small'.")
@click.option(
    "--adapter",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Adapter folder of 'train', or a link to one; followed when it becomes another.",
)
@click.option("--engine", type=click.Choice(ENGINES), default="vllm", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the first replica; 0: a free one.")
@click.option("--replicas", type=click.IntRange(min=1), default=1, show_default=True, help="Servers, GPUs dealt out.")
@click.option("--tensor-parallel", type=click.IntRange(min=1), default=1, help="GPUs that share one replica's model.")
@click.option("--max-model-len", type=click.IntRange(min=64), default=8192, show_default=True, help="In tokens.")
@click.option("--log", type=click.Path(path_type=Path), metavar="FILE", help="The server's own output.")
@click.option(
    "--router-config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a LiteLLM proxy config that routes to these servers and the frontier model.",
)
@config_option
@json_option
@click.argument("engine_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGUMENT...]")
def command(
    base: str,
    adapter: Path | None,
    engine: str,
    port: int,
    replicas: int,
    tensor_parallel: int,
    max_model_len: int,
    log: Path | None,
    router_config: Path | None,
    config_path: Path | None,
    as_json: bool,
    engine_arguments: tuple[str, ...],
) -> None:
    """Serve a base model, and an adapter on it, as OpenAI- and Anthropic-compatible endpoints.

    Prints one JSON line once it answers: url, and model, the name that requests give (own, or base
    without an adapter; base answers too); urls, with several replicas. Runs until Ctrl-C or SIGTERM, and
    ends every process it started. An engine that dies is started again. When the adapter becomes another
    one, that is loaded, checked and served without a restart; requests that run end on the old.

    \b
    Example:
      switchover serve --base small --adapter adapter --port 8100
      switchover serve --base Qwen/Qwen3-32B --adapter promoted --replicas 2 --tensor-parallel 2 \\
        --router-config litellm.yaml -- --gpu-memory-utilization 0.95
    """
    _ = as_json  # each verb takes it; this one's output is JSON anyway
    settings = config.load(config_path)
    if router_config and not adapter:
        raise InputError("serve: --router-config routes to own, and there is none without --adapter DIR")
    if router_config:
        router.checked(settings)  # before minutes of loading
    signal.signal(signal.SIGTERM, _interrupt)
    options: dict[str, Any] = {"engine": engine, "port": port, "max_model_len": max_model_len, "replicas": replicas}
    options |= {"tensor_parallel": tensor_parallel, "follow": bool(adapter) and engine == "vllm"}
    try:
        with serving(base, adapter, log=log, more=engine_arguments, **options) as served:
            if router_config:
                router.write(router_config, settings, served.urls)
            emit(_line(served))
            served.fleet.wait()
    except KeyboardInterrupt:
        click.echo("switchover serve: ended", err=True)


def _line(served: Served) -> dict[str, Any]:
    line: dict[str, Any] = {"url": served.url, "model": served.own_model or served.base_model}
    return line | {"urls": list(served.urls)} if len(served.urls) > 1 else line


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
