"""Savings, utility, break-even and forecast."""

import dataclasses
import datetime
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decide import Options, judge, trace
from pipeline.decide.forecast import fewest_pulls, further_pulls
from pipeline.decide.saving import CAP_LADDER_USD, Saving
from pipeline.decide.utility import Utility, break_even
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation
from tests.decide import slow
from tests.decide.rows import duels

costs = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 9)), max_size=20)


@given(costs)
def test_a_declared_cap_scales_the_saving(pairs: list[tuple[float, float]]) -> None:
    saving = Saving(5.0)
    for own, frontier in pairs:
        saving.add(own, frontier)
    scaled = [(min(frontier, 5.0) - own) / 5.0 for own, frontier in pairs]
    assert saving.log_e == pytest.approx(float(slow.e_value(scaled, 0).ln()), abs=1e-9)


def test_the_ladder_is_the_mean_over_its_caps() -> None:
    saving = Saving()
    saving.add(0.005, 0.02)
    by_hand = [float(slow.e_value([(min(0.02, cap) - 0.005) / cap], 0)) for cap in CAP_LADDER_USD]
    assert saving.log_e == pytest.approx(math.log(sum(by_hand) / len(by_hand)))


def test_dear_frontier_runs_are_cut_and_dear_own_runs_are_not() -> None:
    cut, uncut = Saving(1.0), Saving(1.0)
    cut.add(0.5, 100.0)
    uncut.add(0.5, 1.0)
    assert cut.log_e == uncut.log_e
    worse, bad = Saving(1.0), Saving(1.0)
    worse.add(3.0, 1.0)
    bad.add(2.0, 1.0)
    assert worse.log_e is not None and bad.log_e is not None and worse.log_e < bad.log_e


def test_a_cost_far_above_the_cap_ruins_the_bets_and_stays_finite() -> None:
    saving = Saving(1.0)
    for _ in range(10):
        saving.add(1000.0, 1.0)
    assert saving.log_e is not None and -1e5 < saving.log_e < -600
    for _ in range(100):
        saving.add(0.0, 1.0)
    assert not saving.reaches(0.0)


def test_unknown_costs_make_no_bet() -> None:
    saving = Saving()
    assert saving.log_e == 0.0
    saving.add(None, 1.0)
    assert saving.log_e is None and not saving.reaches(-1.0)
    saving.add(0.1, 1.0)
    assert saving.log_e is not None and (saving.known, saving.unknown) == (1, 1)


@pytest.mark.parametrize("scale", [0.02, 1.0, 20.0])
def test_a_clear_saving_is_shown_at_any_price_level(scale: float) -> None:
    rows = duels([0.0] * 120, own_cost_usd=0.14 * scale, frontier_cost_usd=1.06 * scale)
    assert judge(rows)["state"] == "ready"


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 9), st.floats(0, 9)), max_size=15))
def test_utility_follows_the_formula(rows: list[tuple[float, float, float]]) -> None:
    utility = Utility(20.0, 9.0)
    for d, own, frontier in rows:
        utility.add(d, own, frontier)
    zs = [(20 * d + frontier - own) / 29 for d, own, frontier in rows]
    reached = float(slow.e_value(zs, 0).ln())
    assert utility.reaches(reached - 1e-6) and not utility.reaches(reached + 1e-6)


def test_utility_in_dollars_brackets_its_mean() -> None:
    utility = Utility(40.0)
    for d in [0.0, 0.5, -0.5] * 20:
        utility.add(d, 0.2, 2.0)
    net = utility.per_pull_usd(0.025)
    assert net["mean"] == pytest.approx(1.8)
    assert net["low"] is not None and net["high"] is not None and net["low"] < 1.8 < net["high"]
    assert Utility(40.0).per_pull_usd(0.025) == {"mean": None, "low": None, "high": None}


def test_a_small_value_switches_sooner_and_a_large_one_asks_for_quality() -> None:
    rows = duels([0.0] * 130)
    cheap, dear = (judge(rows, DecideConfig(value_of_solved_pull_usd=value)) for value in (5.0, 5000.0))
    assert cheap["state"] == "ready" and any(r.startswith("pays") for r in cheap["reasons"])
    assert dear["state"] == "close" and any(r.startswith("pays_not_shown") for r in dear["reasons"])


def test_a_net_loss_is_never_ready_however_good() -> None:
    rows = duels([1.0] * 60, own_cost_usd=30.0, frontier_cost_usd=0.1)
    assert judge(rows, DecideConfig(value_of_solved_pull_usd=1.0))["state"] == "close"


def test_break_even() -> None:
    assert break_even(1300.0, {"mean": 1.96, "low": -0.1, "high": 3.9}) == {
        "expected": pytest.approx(663.27, abs=0.01),
        "soonest": pytest.approx(333.33, abs=0.01),
        "latest": None,
    }
    verdict = judge(duels([0.0] * 60), DecideConfig(value_of_solved_pull_usd=4.0), Options(fixed_usd=100.0))
    assert verdict["cost"]["break_even_pulls"]["expected"] == pytest.approx(100 / 1.8)


MONTH = 365.25 / 12


def merged(ds: list[float], days: float = 1.0, **changes: Any) -> list[Evaluation]:
    """One PR merged every ``days`` days from the new year on."""
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    times = [(start + datetime.timedelta(days=days * n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(len(ds))]
    return [dataclasses.replace(r, merged_at=times[r.number - 1]) for r in duels(ds, **changes)]


def test_savings_a_month_come_from_the_teams_own_volume() -> None:
    cost = judge(merged([0.0] * 61, days=0.5))["cost"]
    assert cost["pulls_per_month"] == pytest.approx(2 * MONTH)
    assert cost["saving_usd_per_month"] == pytest.approx(1.8 * 2 * MONTH) and cost["training_usd_per_pull"] is None
    spread = judge(merged([0.0] * 61, days=0.5), options=Options(fixed_usd=100.0, training_pulls=200))["cost"]
    assert spread["training_usd_per_pull"] == 0.5
    assert spread["saving_usd_per_month"] == pytest.approx((1.8 - 0.5) * 2 * MONTH)


def test_two_trainings_share_what_was_spent() -> None:
    rows = [*merged([0.0] * 5), *duels([0.0] * 5, 6, own_adapter="a2")]
    assert judge(rows, options=Options(fixed_usd=100.0, training_pulls=50))["cost"]["training_usd_per_pull"] == 1.0


def test_break_even_is_a_date() -> None:
    cost = judge(merged([0.0] * 11), options=Options(fixed_usd=18.0))["cost"]
    assert cost["break_even_pulls"] == {"expected": pytest.approx(10.0), "soonest": None, "latest": None}
    assert cost["break_even_date"] == {"expected": "2026-01-21", "soonest": None, "latest": None}
    never = judge(merged([0.0] * 11, own_cost_usd=5.0), options=Options(fixed_usd=18.0))["cost"]
    assert never["break_even_pulls"]["expected"] is None and never["break_even_date"]["expected"] is None
    assert never["saving_usd_per_month"] < 0


def test_without_merge_times_there_are_no_dates() -> None:
    for rows in (duels([0.0] * 30), [dataclasses.replace(r, merged_at="soon") for r in duels([0.0] * 30)]):
        verdict = judge(rows, options=Options(fixed_usd=18.0))
        assert verdict["cost"]["pulls_per_month"] is None and verdict["cost"]["saving_usd_per_month"] is None
        assert verdict["cost"]["break_even_date"] == {"expected": None, "soonest": None, "latest": None}
        assert verdict["forecast"]["date"] is None


def test_the_forecast_has_a_date_until_it_is_shown() -> None:
    verdict = judge(merged([0.0] * 50))
    day = datetime.date(2026, 1, 1) + datetime.timedelta(days=49 + verdict["forecast"]["pulls"])
    assert verdict["forecast"]["date"] == day.isoformat()
    assert judge(merged([0.0] * 120))["forecast"]["date"] is None


def test_a_date_beyond_the_calendar_is_null() -> None:
    cost = judge(merged([0.0] * 3, own_cost_usd=1.9999999), options=Options(fixed_usd=1e12))["cost"]
    assert cost["break_even_pulls"]["expected"] > 1e18 and cost["break_even_date"]["expected"] is None


def test_the_trace_knows_only_the_merges_so_far() -> None:
    lines = list(trace(merged([0.0] * 5) + merged([0.0] * 9, days=2.0)[10:]))
    rates = [line["cost"]["pulls_per_month"] for line in lines]
    assert rates[0] is None and rates[1] == pytest.approx(MONTH) and rates[-1] < MONTH


def test_forecast_is_what_is_missing_over_the_growth() -> None:
    ds = [0.2, -0.1, 0.0, 0.3] * 8
    forecast = judge(duels(ds))["forecast"]
    growths = [sum(math.log(1 + float(k) * (d + 0.05) / 0.95) for d in ds) / len(ds) for k in slow.BETS]
    missing = math.log(40) - float(slow.e_value(ds, -0.05).ln())
    assert forecast["growth"] == pytest.approx(max(growths))
    assert forecast["pulls"] == math.ceil(missing / max(growths))
    assert forecast["usd"] == pytest.approx(forecast["pulls"] * 2.2)


def test_a_forecast_that_leads_nowhere_is_null() -> None:
    assert judge(duels([-0.5] * 10))["forecast"]["pulls"] is None
    assert further_pulls(0.0, None, 0.05) is None
    assert further_pulls(5.0, 0.1, 0.05) == 0


@pytest.mark.parametrize(("margin", "fewest"), [(0.05, 93), (0.10, 45), (0.15, 29)])
def test_fewest_pulls_are_those_of_the_study_at_five_percent(margin: float, fewest: int) -> None:
    assert fewest_pulls(margin, 0.05) == fewest


def test_with_margin_zero_ties_never_suffice() -> None:
    assert fewest_pulls(0.0, 0.05) is None
