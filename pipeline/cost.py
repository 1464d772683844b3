"""What tokens and hours cost: the one owner of that arithmetic. Pure."""

from __future__ import annotations

from typing import Protocol

from pipeline.settings import Price

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
    cached = min(usage.tokens_cached, usage.tokens_in)
    fresh = usage.tokens_in - cached
    return (fresh * fresh_price + cached * cached_price + usage.tokens_out * out_price) / _MILLION


def _hours(price: Price, seconds: float) -> float | None:
    return None if price.gpu_usd_per_hour is None else price.gpu_usd_per_hour * seconds / _HOUR
