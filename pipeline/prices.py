"""What a model costs today: the price table of the config, read at the day of the run."""

from __future__ import annotations

import datetime

from pipeline.cost import price_at
from pipeline.settings import Config, Price


def current(config: Config, model: str) -> Price | None:
    """The price of ``model`` that holds today (UTC); None when it has none."""
    return price_at(config.prices, model, datetime.datetime.now(datetime.UTC).date().isoformat())
