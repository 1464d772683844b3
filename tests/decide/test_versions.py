"""Epochs and alpha wealth: evidence never crosses a version, and the stakes follow the formula."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decide import Options, judge, trace
from pipeline.decide.wealth import level, next_wealth
from pipeline.types import Evaluation
from tests.decide import slow
from tests.decide.rows import duels

epochs_of_differences = st.lists(
    st.lists(st.sampled_from([-1.0, -0.3, 0.0, 0.0, 0.4, 1.0]), min_size=1, max_size=6), min_size=1, max_size=6
)


def versions(epochs: list[list[float]], field: str = "own_adapter") -> list[Evaluation]:
    rows, start = [], 1
    for number, ds in enumerate(epochs):
        rows += duels(ds, start, **{field: f"v{number}"})
        start += len(ds)
    return rows


@settings(max_examples=40, deadline=None)
@given(epochs_of_differences, st.sampled_from(["own_adapter", "frontier_model"]))
def test_wealth_follows_the_formula(epochs: list[list[float]], field: str) -> None:
    verdict = judge(versions(epochs, field))
    ends = [slow.e_value(ds, -0.05) for ds in epochs[:-1]]
    expected = float(slow.wealths(ends)[-1])
    assert verdict["epoch"]["number"] == len(epochs) and verdict["n"] == len(epochs[-1])
    assert verdict["wealth"] == pytest.approx(expected, rel=1e-9)
    assert verdict["alpha"] == pytest.approx(0.05 * 0.5 * expected, rel=1e-9)
    assert verdict["log_e"]["noninferior"] == pytest.approx(float(slow.e_value(epochs[-1], -0.05).ln()), abs=1e-9)
    assert verdict["low"] == pytest.approx(slow.lower(epochs[-1], 0.025 * expected), abs=1e-6)


def test_a_new_version_starts_at_one() -> None:
    lines = list(trace(versions([[1.0] * 10, [0.0]])))
    assert lines[-1]["n"] == 1 and lines[-1]["log_e"]["better"] == 0.0
    assert lines[-1]["epoch"] == {"number": 2, "adapter": "v1", "frontier": "large"}


def test_losses_carry_over_and_gains_do_not() -> None:
    assert next_wealth(1.0, 50.0) == 1.0
    assert next_wealth(0.4, math.log(0.5)) == pytest.approx(0.4 * 0.75)
    assert next_wealth(1.0, -2000.0) == pytest.approx(0.5)
    assert level(0.05, 0.5) == 0.0125


def test_a_thousand_lost_epochs_leave_a_stake() -> None:
    wealth = 1.0
    for _ in range(2000):
        wealth = next_wealth(wealth, -1e9)
    assert wealth > 0


def test_a_late_repeat_of_an_old_versions_pull_does_not_reopen_it() -> None:
    rows = versions([[0.5] * 5, [0.2] * 5])
    late = duels([1.0], 1, own_adapter="v0", at="2027-01-01T00:00:00Z")
    assert judge([*rows, *late])["epoch"] == judge(rows)["epoch"]


def test_a_new_frontier_model_after_ready_asks_for_a_recheck() -> None:
    ready = duels([1.0] * 25)
    verdict = judge([*ready, *duels([0.0] * 5, 26, frontier_model="larger")])
    assert verdict["state"] == "drifted" and verdict["reasons"][0].startswith("new_frontier")
    settled = judge([*ready, *duels([1.0] * 25, 26, frontier_model="larger")])
    assert settled["state"] == "ready"
    lost = judge([*ready, *duels([-1.0] * 25, 26, frontier_model="larger")])
    assert lost["state"] == "behind"


def test_a_new_adapter_after_ready_starts_afresh() -> None:
    assert judge(versions([[1.0] * 25, [0.0] * 5]))["state"] == "collecting"


def test_after_a_switch_audits_watch() -> None:
    switched = Options(switched=True, switched_at="2026-01-02T00:00:00Z")
    fine = duels([0.0] * 150)
    assert judge(fine, options=switched)["state"] == "switched"
    fallen = judge([*fine, *duels([-1.0] * 18, 151)], options=switched)
    assert fallen["state"] == "drifted" and fallen["reasons"][0].startswith("switch_back")
    assert 126 < fallen["audit"]["alarmed_at"] <= 140
    assert judge([*fine, *duels([-1.0] * 30, 151)])["audit"] is None


def test_after_a_switch_without_a_date_audits_begin_once_ready() -> None:
    verdict = judge(duels([1.0] * 40), options=Options(switched=True))
    assert verdict["audit"]["n"] == 40 - verdict["latched"]["better"]["n"]


def test_an_audit_alarm_latches() -> None:
    options = Options(switched=True, switched_at="2026-01-01T00:00:00Z")
    rows = [*duels([-1.0] * 20), *duels([0.0] * 40, 21)]
    assert judge(rows, options=options)["state"] == "drifted"
