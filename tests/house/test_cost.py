"""The price of tokens and hours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cost import cost_usd, price_at
from pipeline.errors import InputError
from pipeline.rollout.wire import Usage
from pipeline.settings import Price

TOKENS = Price(usd_per_million_in=3.0, usd_per_million_cached=0.3, usd_per_million_out=15.0)
USAGE = Usage(tokens_in=1_000_000, tokens_out=100_000, tokens_cached=600_000)
amounts = st.integers(0, 10**9)


def test_unknown_is_none_and_never_zero() -> None:
    assert cost_usd(None, USAGE, 60) is None
    assert cost_usd(Price(), USAGE, 60) is None
    assert cost_usd(Price(usd_per_million_in=3.0), USAGE, 60) is None


def test_cached_tokens_cost_their_own_price() -> None:
    assert cost_usd(TOKENS, USAGE, 0) == pytest.approx(0.4 * 3.0 + 0.6 * 0.3 + 0.1 * 15.0)


def test_without_a_cached_price_they_cost_as_much_as_others() -> None:
    price = Price(usd_per_million_in=3.0, usd_per_million_out=15.0)
    assert cost_usd(price, USAGE, 0) == pytest.approx(3.0 + 1.5)


def test_hours_and_both() -> None:
    assert cost_usd(Price(gpu_usd_per_hour=4.0), USAGE, 900) == pytest.approx(1.0)
    both = Price(usd_per_million_in=3.0, usd_per_million_out=15.0, gpu_usd_per_hour=4.0)
    assert cost_usd(both, USAGE, 900) == pytest.approx(5.5)


@given(amounts, amounts, amounts, st.floats(0, 1e6))
def test_a_cost_is_never_negative_and_caching_never_dearer(fresh: int, out: int, cached: int, seconds: float) -> None:
    with_cache = cost_usd(TOKENS, Usage(fresh, out, cached), seconds)
    without = cost_usd(TOKENS, Usage(fresh, out, 0), seconds)
    assert with_cache is not None
    assert without is not None
    assert 0 <= with_cache <= without * (1 + 1e-9)


def test_idle_hours_are_paid_by_the_work() -> None:
    half = Price(gpu_usd_per_hour=4.0, gpu_idle_share=0.5)
    assert cost_usd(half, USAGE, 900) == pytest.approx(2.0)


@pytest.mark.parametrize("share", [1.0, -0.1, float("nan")])
def test_a_machine_that_always_waits_has_no_price(share: float) -> None:
    with pytest.raises(InputError, match=r"gpu_idle_share .* is not from 0 to below 1"):
        Price(gpu_usd_per_hour=4.0, gpu_idle_share=share)


def test_a_price_holds_from_its_day_on() -> None:
    first, second, third = (Price(gpu_usd_per_hour=rate) for rate in (1.0, 2.0, 3.0))
    table = {"m": first, "m@2026-03-01": second, "m@2026-06-01": third, "other@2026-01-01": Price()}
    days = {"2025-12-31": first, "2026-02-28": first, "2026-03-01": second, "2026-06-01T08:00:00Z": third}
    assert {day: price_at(table, "m", day) for day in days} == days
    assert price_at({"m@2026-03-01": second}, "m", "2026-02-28") is None and price_at(table, "x", "2026-07-01") is None


def test_a_model_may_have_an_at_in_its_name() -> None:
    assert price_at({"m@20240229": TOKENS}, "m@20240229", "2026-01-01") is TOKENS
    assert price_at({"m@20240229": TOKENS}, "m", "2026-01-01") is None
