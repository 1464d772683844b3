"""One file per verb: flags in, one step called, JSON or text out. No logic lives here."""

from __future__ import annotations

import json
import math
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


def _check_config(ctx: click.Context, option: click.Parameter, path: Path | None) -> None:
    from pipeline import config

    if path is not None:
        config.load(path)


unused_config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    expose_value=False,
    callback=_check_config,
    help="Config file; checked, though this verb takes nothing from it.",
)
"""Every verb takes --config, so that one alias or script serves them all."""


class _Usd(click.FloatRange):
    """A finite amount from 0 up; FloatRange takes nan and inf too, which no spend reaches and JSON cannot hold."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        amount = float(super().convert(value, param, ctx))
        if not math.isfinite(amount):
            self.fail(f"{value} is not a finite number; leave it out for no limit", param, ctx)
        return amount


USD = _Usd(0)

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


def emit(value: Any) -> None:
    """One JSON value as one line on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))
