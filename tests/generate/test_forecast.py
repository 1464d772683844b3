"""The forecast: laws of its arithmetic, and how often its ranges hold in simulated runs."""

from __future__ import annotations

import random
import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.money.forecast import Forecast, Moments, PerFunction, Range, Standing, affordable, forecast, more

VALUES = st.lists(st.floats(0, 100), max_size=20)
NOW = Standing(90, 8, 10.0, 12.0, 50.0, 9, None, 7.0)


@given(VALUES, VALUES)
def test_moments_add_up(first: list[float], second: list[float]) -> None:
    both, whole = Moments.of(first) + Moments.of(second), Moments.of(first + second)
    assert both.n == whole.n
    assert (both.mean, both.sd) == pytest.approx((whole.mean, whole.sd), rel=1e-6, abs=1e-6)
    if whole.n > 1:
        assert whole.sd == pytest.approx(statistics.stdev(first + second), rel=1e-9, abs=1e-9)


@given(
    st.lists(st.tuples(st.floats(0, 9), st.integers(0, 2), st.floats(0, 900)), min_size=5, max_size=40),
    st.integers(0, 500),
    st.floats(0, 50),
)
def test_ranges_are_in_order_and_possible(rows: list[tuple[float, int, float]], left: int, cap: float) -> None:
    now = replace(NOW, left=left, cap=cap)
    found = forecast(now, PerFunction.of(rows))
    assert found.basis == "here" and found.functions == len(rows)
    for one in (found.cost_usd, found.kept, found.seconds_left, found.kept_at_cap):
        assert one is not None and 0 <= one.low <= one.mid + 1e-9 <= one.high + 2e-9
    assert found.cost_usd is not None and found.cost_usd.low >= now.spent_usd
    assert found.kept is not None and now.kept <= found.kept.low and found.kept.high <= now.kept + 2 * left
    assert found.kept_at_cap is not None and found.kept_at_cap.mid <= found.kept.mid + 1e-9


def test_what_is_spent_since_raises_the_bounds_of_a_forecast() -> None:
    made = Forecast("here", 30, Range(90, 100, 110), None, None, None)
    assert made.at_least(95).cost_usd == Range(95, 100, 110) and made.at_least(120).cost_usd == Range(120, 120, 120)
    assert made.at_least(None) == made == made.at_least(5)


def test_before_there_are_five_functions_only_limits_and_the_past_speak() -> None:
    four = PerFunction.of([(1.0, 1, 10.0)] * 4)
    limits = forecast(NOW, four)
    assert (limits.basis, limits.functions, limits.kept, limits.seconds_left) == ("limits", 0, None, None)
    assert limits.cost_usd == Range(12.0, 640.0, 640.0)
    assert forecast(replace(NOW, bound_usd=None), four).cost_usd is None
    past = forecast(NOW, four, PerFunction.of([(1.0, 1, 10.0)] * 6))
    assert (past.basis, past.functions) == ("past", 6)
    assert past.cost_usd == Range(100.0, 100.0, 100.0) and past.kept_at_cap is None


def test_functions_that_all_went_alike_leave_a_doubt_about_the_next_ones() -> None:
    kept = forecast(NOW, PerFunction.of([(1.0, 2, 10.0)] * 6)).kept
    assert kept is not None and kept.low < 150 and kept.mid == kept.high == 189


def test_a_cap_buys_what_is_left_under_it_by_what_a_function_costs() -> None:
    now = replace(NOW, cap=30.0)
    assert affordable(Moments(100, 2.0, 0.0), now) == Range(10.0, 10.0, 10.0)
    unsure = affordable(Moments(100, 2.0, 1.0), now)
    assert unsure.low < 10 < unsure.high
    assert affordable(Moments(9, 0.0, 0.0), now) == Range(90.0, 90.0, 90.0)
    assert affordable(Moments(9, 2.0, 0.0), replace(now, cap=5.0)) == Range(0.0, 0.0, 0.0)


def test_nine_in_ten_ranges_hold() -> None:
    """Skewed costs, as those of rollouts are: lognormal with the sd as large as the mean."""
    chance = random.Random(4)
    held = 0
    for _ in range(400):
        costs = [chance.lognormvariate(0, 0.83) for _ in range(130)]
        found = more(Moments.of(costs[:30]), 100)
        held += found.low <= sum(costs[30:]) <= found.high
    assert 0.84 <= held / 400 <= 0.96
