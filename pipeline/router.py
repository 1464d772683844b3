"""The LiteLLM proxy's config for a route: who answers the team's agents, and who steps in on errors.

Agents ask the proxy for one model, ``switchover``. The route sends that to own, to frontier, or to own for a share;
where own fails, frontier answers. The proxy is LiteLLM's own program, no part of Switchover (docs/serving.md).
Keys are never in the file: it names the environment variables that hold them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from pipeline import whole
from pipeline.errors import InputError
from pipeline.settings import SCRIPTED, Config, EndpointConfig

PUBLIC, OWN, FRONTIER = "switchover", "own", "frontier"
"""Model names at the proxy: by the route; own and no one else; frontier and no one else."""

PARTS = 10_000
"""Weights are whole numbers: shares in parts of this."""

Deployment = dict[str, Any]

_HEAD = """\
# LiteLLM proxy, route {route}. Written by 'switchover switch' or 'switchover serve': changes here are lost.
# Start:  litellm --config {name} --host 127.0.0.1 --port 4000
"""


def share(route: str) -> float:
    """Own's share of the traffic, 0..1, of a checked route."""
    name, _, canary = route.partition("=")
    return float(canary) if canary else float(name == OWN)


def checked(config: Config) -> None:
    """Raises InputError where ``config`` names no frontier model that a proxy could reach."""
    frontier = config.evaluate.frontier
    if not frontier.url or not frontier.model or SCRIPTED in (frontier.url, frontier.model):
        raise InputError(
            "evaluate.frontier: no endpoint that a router could send requests to "
            f"(url {frontier.url!r}, model {frontier.model!r}); set both in the config"
        )


def text(config: Config, own_urls: Sequence[str], name: str = "litellm.yaml") -> str:
    """The proxy's config as YAML. Pure. ``own_urls``: own's replicas, each ending in ``/v1``; () when none is known.

    Raises InputError for a route to own without an address of it, and as ``checked`` does.
    """
    checked(config)
    route = config.serve.route
    part = share(route)
    if part and not own_urls:
        raise InputError(
            f"serve.route {route} needs own's address; give --own-url, set evaluate.own.url, "
            "or let 'switchover serve --router-config' write the file"
        )
    document = _document(config, part, own_urls)
    return _HEAD.format(route=route, name=name) + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _document(config: Config, part: float, own_urls: Sequence[str]) -> dict[str, Any]:
    own = [_own(config.evaluate.own, url) for url in own_urls]
    frontier = _frontier(config.evaluate.frontier)
    # Each of n replicas weighs the share, so frontier weighs n times the rest.
    public = [_as(d, PUBLIC, round(PARTS * part)) for d in own if part]
    if part < 1:
        public.append(_as(frontier, PUBLIC, round(PARTS * (1 - part)) * max(1, len(public))))
    return {
        "model_list": [*public, *(_as(d, OWN) for d in own), _as(frontier, FRONTIER)],
        "router_settings": {
            "routing_strategy": "simple-shuffle",
            "num_retries": 1,
            "allowed_fails": 1,
            "cooldown_time": 30,  # seconds without a request for a deployment that failed
            "fallbacks": [{PUBLIC: [FRONTIER]}] if part else [],
        },
        "litellm_settings": {"drop_params": True, "telemetry": False},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


def _own(own: EndpointConfig, url: str) -> Deployment:
    return _deployment(OWN, f"hosted_vllm/{own.model or OWN}", url, "SWITCHOVER_OWN_KEY")


def _frontier(frontier: EndpointConfig) -> Deployment:
    url, model = str(frontier.url), str(frontier.model)
    if urlsplit(url).hostname == "api.anthropic.com":  # in its own form: nothing of a request is lost on the way
        return _deployment(
            FRONTIER, f"anthropic/{model}", url.rstrip("/").removesuffix("/v1"), "SWITCHOVER_FRONTIER_KEY"
        )
    return _deployment(FRONTIER, f"openai/{model}", url, "SWITCHOVER_FRONTIER_KEY")


def _deployment(role: str, model: str, url: str, key: str) -> Deployment:
    params = {"model": model, "api_base": url, "api_key": f"os.environ/{key}"}
    return {"model_name": role, "litellm_params": params}


def _as(deployment: Deployment, name: str, weight: int | None = None) -> Deployment:
    weighed = {"weight": weight} if weight is not None else {}
    return {**deployment, "model_name": name, "litellm_params": {**deployment["litellm_params"], **weighed}}


def own_urls(path: Path) -> tuple[str, ...]:
    """Own's addresses in the file that 'serve' or an earlier switch wrote; () without such a file.

    Raises InputError when it cannot be read as one.
    """
    try:
        models = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("model_list") or []
        return tuple(str(m["litellm_params"]["api_base"]) for m in models if m["model_name"] == OWN)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: no config of the LiteLLM proxy; name another file with --router-config") from None


def write(path: Path, config: Config, urls: Sequence[str]) -> None:
    """Write the proxy's config whole or not at all. Raises InputError as ``text`` does, and where it cannot write."""
    made = text(config, urls, path.name)
    try:
        whole.write(path, made.encode())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place") from None
