"""The verdict: laws it must obey, and agreement with an independent computation."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decide import Options, judge, trace
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation
from tests.decide import slow
from tests.decide.rows import duel, duels, row, time_of

streams = st.lists(st.sampled_from([-1.0, -0.5, -0.05, 0.0, 0.0, 0.0, 0.1, 0.5, 1.0]), min_size=1, max_size=45)


def numbers(verdict: dict[str, Any]) -> dict[str, Any]:
    return {key: verdict[key] for key in ("n", "void", "mean_difference", "low", "high", "alpha", "wealth")} | verdict[
        "log_e"
    ]


def same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert left["state"] == right["state"]
    assert numbers(left) == pytest.approx(numbers(right), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(streams)
def test_every_number_agrees_with_the_formulas(ds: list[float]) -> None:
    verdict = judge(duels(ds))
    mirrored = [-d for d in ds]
    assert verdict["alpha"] == 0.025 and verdict["wealth"] == 1.0 and verdict["margin"] == 0.05
    assert verdict["log_e"]["noninferior"] == pytest.approx(float(slow.e_value(ds, -0.05).ln()), abs=1e-9)
    assert verdict["log_e"]["better"] == pytest.approx(float(slow.e_value(ds, 0).ln()), abs=1e-9)
    assert verdict["log_e"]["worse"] == pytest.approx(float(slow.e_value(mirrored, 0.05).ln()), abs=1e-9)
    assert verdict["low"] == pytest.approx(slow.lower(ds, 0.025), abs=1e-6)
    assert verdict["high"] == pytest.approx(slow.upper(ds, 0.025), abs=1e-6)
    assert verdict["mean_difference"] == pytest.approx(sum(ds) / len(ds), abs=1e-12)
    assert verdict["n"] == len(ds) and verdict["void"] == 0


@settings(max_examples=30, deadline=None)
@given(streams, st.randoms())
def test_neither_the_order_of_rows_nor_a_repeat_matters(ds: list[float], rng: random.Random) -> None:
    rows = duels(ds)
    again = duels(ds, at="2027-01-01T00:00:00Z")
    same(judge(rng.sample(rows, len(rows))), judge(rows))
    same(judge([*rows, *rows]), judge(rows))
    same(judge([*again, *rows]), judge(rows))


@settings(max_examples=30, deadline=None)
@given(streams, st.randoms())
def test_the_order_of_pull_requests_does_not_matter(ds: list[float], rng: random.Random) -> None:
    shuffled = rng.sample(ds, len(ds))
    assert numbers(judge(duels(shuffled))) == pytest.approx(numbers(judge(duels(ds))), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(streams)
def test_swapping_the_arms_mirrors_the_band(ds: list[float]) -> None:
    there, back = judge(duels(ds)), judge(duels([-d for d in ds]))
    assert (back["low"], back["high"]) == pytest.approx((-there["high"], -there["low"]), abs=1e-9)
    assert back["mean_difference"] == pytest.approx(-there["mean_difference"])


@settings(max_examples=30, deadline=None)
@given(streams, st.sampled_from([0.0, 0.02, 0.1, 0.3]))
def test_moving_the_margin_does_not_move_the_band(ds: list[float], margin: float) -> None:
    moved, plain = judge(duels(ds), DecideConfig(margin=margin)), judge(duels(ds))
    assert (moved["low"], moved["high"]) == (plain["low"], plain["high"])
    assert moved["log_e"]["noninferior"] == pytest.approx(float(slow.e_value(ds, -margin).ln()), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(streams, st.integers(2, 5))
def test_equal_attempts_repeated_change_nothing(ds: list[float], times: int) -> None:
    rows = duels(ds)
    repeated = [row(r.number, r.role, r.score, attempt=k) for r in rows for k in range(times if r.role == "own" else 1)]
    same(judge(repeated), judge(rows))


@settings(max_examples=20, deadline=None)
@given(streams, st.integers(0, 44))
def test_a_timeout_is_a_zero_and_a_void_run_is_no_run(ds: list[float], place: int) -> None:
    place %= len(ds)
    timeout, zero, void, without = (list[Evaluation]() for _ in range(4))
    for i, d in enumerate(ds):
        plain = duel(i, max(0.0, d), max(0.0, -d))
        at_place = i == place
        timeout += duel(i, 0.9, 0.5, own_exit="time_limit") if at_place else plain
        zero += duel(i, 0.0, 0.5) if at_place else plain
        void += duel(i, 1.0, 0.0, frontier_exit="error") if at_place else plain
        without += [] if at_place else plain
    same(judge(timeout), judge(zero))
    voided, bare = judge(void), judge(without)
    assert voided["void"] == 1
    assert numbers(voided) | {"void": 0} == pytest.approx(numbers(bare), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(streams)
def test_the_trace_is_the_verdict_of_every_prefix(ds: list[float]) -> None:
    lines = list(trace(duels(ds)))
    assert len(lines) == len(ds)
    for n in {1, len(ds) // 2, len(ds)} - {0}:
        prefix = judge(duels(ds[:n]))
        assert lines[n - 1]["state"] == prefix["state"] and lines[n - 1]["latched"] == prefix["latched"]
        assert numbers(lines[n - 1]) == pytest.approx(numbers(prefix), abs=1e-8)


def test_without_evaluations_there_is_nothing_to_judge() -> None:
    verdict = judge([])
    assert verdict["state"] == "training" and verdict["reasons"][0].startswith("no_adapter")
    assert verdict["n"] == verdict["void"] == 0
    assert [verdict[key] for key in ("mean_difference", "low", "high")] == [None] * 3
    assert verdict["epoch"] == {"number": 1, "adapter": None, "frontier": None}
    assert set(verdict["log_e"]) == {"noninferior", "better", "worse", "saving"}


def test_base_and_frontier_alone_are_training() -> None:
    assert judge([row(1, "base", 0.5), row(1, "frontier", 0.5)])["state"] == "training"


def test_below_n_min_the_state_is_collecting_whatever_the_evidence() -> None:
    verdict = judge(duels([1.0] * 19))
    assert verdict["state"] == "collecting" and "better" in verdict["latched"]
    assert judge(duels([1.0] * 20))["state"] == "ready"
    assert judge(duels([1.0] * 10), options=Options(n_min=10))["state"] == "ready"


def test_one_pull_request() -> None:
    verdict = judge(duels([1.0]))
    assert verdict["n"] == 1 and verdict["low"] < 0 and verdict["high"] == 1.0


def test_all_zeros_become_noninferior_at_the_number_that_was_forecast() -> None:
    fewest = judge([])["forecast"]["fewest_pulls"]
    assert judge(duels([0.0] * (fewest - 1)))["state"] == "close"
    verdict = judge(duels([0.0] * fewest))
    assert verdict["state"] == "ready" and verdict["latched"]["noninferior"]["n"] == fewest
    assert {reason.split(":")[0] for reason in verdict["reasons"]} == {"noninferior", "cheaper"}


def test_noninferior_without_a_saving_is_not_ready() -> None:
    dear = duels([0.0] * 200, own_cost_usd=2.0)
    unknown = duels([0.0] * 200, own_cost_usd=None)
    assert judge(dear)["state"] == judge(unknown)["state"] == "close"
    assert any(reason.startswith("saving_not_shown") for reason in judge(dear)["reasons"])
    assert any(reason.startswith("saving_unknown") for reason in judge(unknown)["reasons"])
    assert judge(unknown)["log_e"]["saving"] is None


def test_better_is_ready_even_where_costs_are_unknown() -> None:
    verdict = judge(duels([0.6] * 60, cost_usd=None))
    assert verdict["state"] == "ready" and verdict["reasons"][0].startswith("better")


def test_behind() -> None:
    verdict = judge(duels([-0.5] * 60))
    assert verdict["state"] == "behind" and verdict["high"] < -0.05


def test_a_verdict_stays_latched_when_the_band_comes_back() -> None:
    ds = [0.0] * 115 + [-1.0, -1.0, -1.0]
    verdict = judge(duels(ds))
    assert verdict["low"] < -0.05 and verdict["latched"]["noninferior"]["n"] < 115
    assert verdict["state"] == "ready"


def test_proof_of_both_sides_is_drift_and_starts_a_new_epoch() -> None:
    good, bad = [1.0] * 12, [-1.0] * 120
    lines = list(trace(duels(good + bad)))
    first = next(i for i, line in enumerate(lines) if line["state"] == "drifted")
    assert lines[first]["epoch"]["number"] == 1 and lines[first]["reasons"][0].startswith("band_empty")
    assert lines[first + 1]["epoch"]["number"] == 2 and lines[first + 1]["n"] == 1
    assert lines[first + 1]["state"] == "drifted"
    assert lines[-1]["state"] == "behind"
    ended = slow.e_value(([*good, *bad])[: first + 1], -0.05)
    assert lines[first + 1]["wealth"] == pytest.approx(float(slow.wealths([ended])[-1]))


def test_a_margin_or_chance_out_of_range_is_refused() -> None:
    for wrong in (DecideConfig(margin=1.0), DecideConfig(margin=-0.1), DecideConfig(error_chance=0.0)):
        with pytest.raises(ValueError, match="not"):
            judge([], wrong)


def test_the_other_measure_is_left_out_and_said() -> None:
    rows = [r for n in range(10) for r in duel(n, 1.0, 0.0, measure="tests" if n < 8 else "recall")]
    verdict = judge(rows)
    assert verdict["measure"] == "tests" and verdict["n"] == 8
    assert verdict["left_out"] == {"other_measure": 2}
    assert judge(rows, options=Options(measure="recall"))["n"] == 2


def test_an_unpaired_pull_request_is_counted() -> None:
    assert judge([*duels([0.0] * 3), row(9, "own", 1.0)])["left_out"] == {"unpaired": 1}


def test_several_repositories_are_said() -> None:
    rows = [*duels([0.0] * 3), *duels([0.0] * 3, repo="o/m")]
    assert any(reason.startswith("several_repos") for reason in judge(rows)["reasons"])


def test_backtests_are_never_mixed_in_silently() -> None:
    verdict = judge([*duels([0.0] * 3, backtest=True), *duels([0.0] * 4, start=4)])
    assert "backtest: 3 of 7 pull requests are replayed history" in verdict["reasons"]


def test_the_roles_side_by_side() -> None:
    rows = [*duel(1, 0.5, 1.0), row(1, "base", 0.25), *duel(2, 1.0, 0.0), row(2, "base", 0.75)]
    verdict = judge(rows)
    assert verdict["own"]["score"] == 0.75 and verdict["frontier"]["score"] == 0.5 and verdict["base"]["score"] == 0.5
    assert verdict["own"]["usd_per_solved"] == pytest.approx(0.4 / 1.5)
    assert verdict["frontier"]["usd_per_solved"] == pytest.approx(4.0)
    assert verdict["cost"]["saving_usd_per_pull"] == pytest.approx(1.8)
    assert verdict["cost"]["evaluation_usd"] == pytest.approx(4.8)


def test_nothing_solved_has_no_price() -> None:
    assert judge(duel(1, 0.0, 1.0))["own"]["usd_per_solved"] is None


def test_the_trace_names_the_pull_request_of_each_line_in_order_of_time() -> None:
    rows = duel(5, 1.0, 0.0, at=time_of(1)) + duel(2, 0.0, 1.0, at=time_of(2))
    assert [line["pull"]["number"] for line in trace(rows)] == [5, 2]
