"""What tokens and hours cost: the one owner of that arithmetic. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from pipeline.settings import Price

_DATED = re.compile(r"(.+)@(\d{4}-\d{2}-\d{2})")
_MILLION = 1_000_000
_HOUR = 3600.0


class Tokens(Protocol):
    """Anything that counted tokens: a usage, a rollout, an evaluation."""

    @property
    def tokens_in(self) -> int: ...
    @property
    def tokens_out(self) -> int: ...
    @property
    def tokens_cached(self) -> int: ...


def price_at(prices: Mapping[str, Price], model: str, day: str) -> Price | None:
    """The price of ``model`` on ``day`` (YYYY-MM-DD or a later part of ISO 8601); None when it has none yet.

    ``prices`` are keyed by model, or by ``model@YYYY-MM-DD`` for a price that holds from that day on;
    the newest one that holds counts, and the undated one holds before all others.
    """
    found = [("", prices[model])] if model in prices else []
    for key, price in prices.items():
        dated = _DATED.fullmatch(key)
        if dated and dated[1] == model and dated[2] <= day:
            found.append((dated[2], price))
    return max(found, key=lambda entry: entry[0])[1] if found else None


def cost_usd(price: Price | None, usage: Tokens, seconds: float) -> float | None:
    """US dollars for ``usage`` and for ``seconds`` of hardware; None when the price is not known.

    Tokens are priced when both ``usd_per_million_in`` and ``usd_per_million_out`` are given, hours
    when ``gpu_usd_per_hour`` is; a price with both is the sum. ``tokens_cached`` is a part of
    ``tokens_in`` (a server that reports more cached than sent is believed up to what was sent).
    """
    if price is None:
        return None
    parts = [part for part in (_tokens(price, usage), _hours(price, seconds)) if part is not None]
    return sum(parts) if parts else None


def _tokens(price: Price, usage: Tokens) -> float | None:
    fresh_price, out_price = price.usd_per_million_in, price.usd_per_million_out
    if fresh_price is None or out_price is None:
        return None
    cached_price = fresh_price if price.usd_per_million_cached is None else price.usd_per_million_cached
    write_price = fresh_price if price.usd_per_million_cache_write is None else price.usd_per_million_cache_write
    cached = min(usage.tokens_cached, usage.tokens_in)
    # Rows written before cache writes were counted, and servers that do not charge for them, have none.
    written = min(getattr(usage, "tokens_cache_written", 0), usage.tokens_in - cached)
    fresh = usage.tokens_in - cached - written
    paid_in = fresh * fresh_price + cached * cached_price + written * write_price
    return (paid_in + usage.tokens_out * out_price) / _MILLION


def _hours(price: Price, seconds: float) -> float | None:
    if price.gpu_usd_per_hour is None:
        return None
    return price.gpu_usd_per_hour * seconds / _HOUR / (1 - price.gpu_idle_share)
