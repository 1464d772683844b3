"""One file per verb: flags in, one step called, JSON or text out. No logic lives here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Config file (default: the repository's .github/switchover.yml).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


def emit(value: Any) -> None:
    """One JSON value as one line on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))
