"""Laws between verdicts on related streams, and honesty: what must not change, and what may not be said too early."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.decide import Options, judge, trace
from pipeline.decide.forecast import fewest_pulls
from pipeline.settings import DecideConfig
from tests.decide import slow
from tests.decide.rows import duel, duels, row

streams = st.lists(st.sampled_from([-1.0, -0.5, -0.05, 0.0, 0.0, 0.1, 0.5, 1.0]), min_size=1, max_size=60)
hard = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 1.0]), min_size=1, max_size=60)
laws = settings(max_examples=40, deadline=None)


@laws
@given(streams, st.sampled_from([0.0, 0.02, 0.05, 0.2, 0.5]))
def test_shown_at_a_margin_is_the_same_as_a_band_above_it(ds: list[float], margin: float) -> None:
    verdict = judge(duels(ds), DecideConfig(margin=margin))
    assume(abs(verdict["low"] + margin) > 1e-9)
    assert (verdict["log_e"]["noninferior"] >= -math.log(verdict["alpha"])) == (verdict["low"] > -margin)


@laws
@given(hard)
def test_with_hard_scores_and_no_margin_it_is_a_mixture_of_mcnemar_tests(ds: list[float]) -> None:
    wins, losses = ds.count(1.0), ds.count(-1.0)
    mixture = sum((1 + float(k)) ** wins * (1 - float(k)) ** losses for k in slow.BETS) / 8
    verdict = judge(duels(ds), DecideConfig(margin=0.0))
    assert verdict["log_e"]["noninferior"] == pytest.approx(math.log(mixture), abs=1e-9)
    without_ties = judge(duels([d for d in ds if d]), DecideConfig(margin=0.0))
    assert without_ties["log_e"]["noninferior"] == pytest.approx(verdict["log_e"]["noninferior"], abs=1e-12)


@laws
@given(streams)
def test_base_and_the_names_of_models_are_no_evidence(ds: list[float]) -> None:
    plain = judge(duels(ds))
    with_base = [r for i, d in enumerate(ds) for r in [row(i + 1, "base", 0.5, exit="error"), *duels([d], i + 1)]]
    named = [dataclasses.replace(r, model=f"x/{r.model}", adapter=r.adapter and "other") for r in duels(ds)]
    for other in (judge(with_base), judge(named)):
        assert other["log_e"] == plain["log_e"] and (other["low"], other["high"]) == (plain["low"], plain["high"])
        assert other["state"] == plain["state"]


@laws
@given(streams, st.sampled_from([0.01, 7.0, 1000.0]))
def test_money_has_no_unit(ds: list[float], rate: float) -> None:
    """In another currency, with the cap and the value in it too, the same is shown."""
    costs = [(0.1 + abs(d), 2.0) for d in ds]

    def verdict(scale: float) -> dict[str, object]:
        rows = [dataclasses.replace(r, cost_usd=scale * costs[r.number - 1][r.role == "frontier"]) for r in duels(ds)]
        worth = DecideConfig(value_of_solved_pull_usd=5 * scale)
        return judge(rows, worth, Options(cost_cap_usd=3 * scale))

    here, there = verdict(1.0), verdict(rate)
    assert there["log_e"] == pytest.approx(here["log_e"], abs=1e-9) and there["state"] == here["state"]


@laws
@given(streams, streams)
def test_evidence_never_crosses_versions(before: list[float], after: list[float]) -> None:
    alone = judge(duels(after, 1000, own_adapter="a2"))
    both = judge([*duels(before), *duels(after, 1000, own_adapter="a2")])
    assert both["log_e"] == alone["log_e"] and both["n"] == alone["n"] and both["wealth"] <= alone["wealth"] == 1.0


@laws
@given(streams)
def test_the_wealth_never_grows_and_stays_above_zero(ds: list[float]) -> None:
    rows = [r for i, d in enumerate(ds) for r in duels([d], i + 1, own_adapter=f"a{i // 7}")]
    wealths = [line["wealth"] for line in trace(rows)]
    assert wealths == sorted(wealths, reverse=True) and wealths[-1] > 0


@pytest.mark.parametrize("margin", [0.05, 0.1, 0.15])
def test_before_it_can_be_decided_the_tool_says_so(margin: float) -> None:
    """Even for the stream of ties that proves it soonest; from then on it no longer does."""
    fewest = fewest_pulls(margin, 0.025)
    assert fewest is not None
    for line in trace(duels([0.0] * fewest), DecideConfig(margin=margin)):
        early = any("cannot be decided yet" in reason for reason in line["reasons"])
        assert early == (line["n"] < fewest) and (line["state"] == "ready") == (line["n"] == fewest)


def test_what_can_be_decided_early_is_not_called_undecidable() -> None:
    for ds in ([1.0] * 25, [-1.0] * 25):
        assert not any("cannot be decided" in reason for reason in judge(duels(ds))["reasons"])


def test_own_missing_never_helps() -> None:
    """Frontier's attempts that own lacks may delay a proof, never bring one."""
    rows = duels([0.0] * 110)
    assert "noninferior" in judge(rows)["latched"]
    lone = [row(500 + n, "frontier", 1.0, at="2026-01-01T00:30:00Z") for n in range(3)]
    held = judge([*duel(0, 0.0, 0.0, at="2026-01-01T00:00:00Z"), *rows, *lone])
    assert held["latched"].get("noninferior") is None and held["state"] == "close"
    failed = [row(500 + n, "frontier", 0.0, at="2026-01-01T00:30:00Z") for n in range(3)]
    assert judge([*duel(0, 0.0, 0.0, at="2026-01-01T00:00:00Z"), *rows, *failed])["state"] == "ready"


@pytest.mark.parametrize("seed", range(6))
def test_what_waits_to_be_counted_changes_nothing(seed: int) -> None:
    """A verdict takes pull requests in batches, a trace each at once: they show the same, at the same one."""
    rng = random.Random(seed)
    ahead, known_from = rng.choice([-0.1, 0.0, 0.04, 0.15]), rng.choice([0, 300, 10_000])
    rows = []
    for number in range(1, 900):
        score = rng.choice([0.0, 0.0, 0.5, 1.0])
        f1 = 0.8 * score if number >= known_from else None
        own = min(1.0, max(0.0, score + rng.choice([-0.5, 0.5]) * (rng.random() < 0.5) + ahead))
        rows += duel(number, own, score, own_f1=f1, frontier_f1=f1, own_cost_usd=rng.choice([0.1, 1.9, None]))
    at_once, (*_, last) = judge(rows), trace(rows)
    for field in ("state", "latched", "n", "epoch"):
        assert at_once[field] == last[field]
    for field in ("log_e", "guard", "own", "frontier"):
        assert at_once[field] == (pytest.approx(last[field], abs=1e-9) if last[field] else None)
