"""What the commands of ``switchover adapters`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.errors import InputError

registry_option = click.option(
    "--registry",
    metavar="PATH_OR_URL",
    help="Folder or URL of the registry (default: adapters.registry of the config).",
)


def opened(registry: str | None, config_path: Path | None) -> Any:
    """The registry that is asked for. Raises InputError where nothing names one."""
    from pipeline import config
    from pipeline.adapters import open_registry

    where = registry or config.load(config_path).adapters.registry
    if not where:
        raise InputError("no registry: name its folder or URL with --registry, or as adapters.registry in the config")
    return open_registry(where)
