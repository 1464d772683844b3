"""Planning: the formulas against the simulation, and the verb from the outside."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import decide_exact as exact
from benchmarks import decide_worlds as worlds
from benchmarks.decide_streams import NEVER, Draws, shown
from pipeline import cli
from pipeline.decide.forecast import fewest_pulls
from pipeline.decide.measured import ENOUGH, measured
from pipeline.decide.pairs import pairs
from pipeline.decide.power import SPREADS, Plan, Spread, alternatives, answer
from pipeline.decide.stream import fold
from pipeline.errors import InputError
from tests.decide.rows import duels, row
from tests.decide.test_decide_verb import save

WORLDS = {
    "soft": (worlds.soft, "recall", 1),
    "hard": (worlds.hard, "tests", 1),
    "soft, 4 attempts": (lambda gap: worlds.soft(gap, 4), "recall", 4),
}


@pytest.mark.parametrize("above", [0.10, 0.15, 0.20])
@pytest.mark.parametrize("world", WORLDS)
def test_the_forecast_is_what_the_simulation_shows(world: str, above: float) -> None:
    """Medians of 400 streams have a standard error of some 5%; the forecast may be a fifth off, never twice."""
    make, measure, attempts = WORLDS[world]
    found = shown(Draws(make(above - 0.05), 400, 900), 0.025)
    told = answer(Plan(above - 0.05, 0.05, 0.025, SPREADS[measure], attempts))
    assert told.median == pytest.approx(float(np.median(found)), rel=0.2)
    tenth = float(np.quantile(found, 0.9, method="higher"))
    assert tenth < NEVER and told.ninety == pytest.approx(tenth, rel=0.5)


@pytest.mark.parametrize(("make", "measure"), [(worlds.soft, "recall"), (worlds.hard, "tests")])
def test_the_usual_spreads_are_those_of_the_worlds(make: Any, measure: Any) -> None:
    assert SPREADS[measure].sd == pytest.approx(make(-0.05).std(), abs=0.01)
    assert SPREADS["recall"].variance(4, 1) ** 0.5 == pytest.approx(worlds.soft(-0.05, 4).std(), abs=0.01)


def test_attempts_shrink_their_own_part_of_the_variance_only() -> None:
    spread = Spread(0.5, 0.4)
    assert spread.variance(1, 1) == 0.25
    assert spread.variance(10**6, 1) == pytest.approx(0.25 * 0.6) and spread.variance(1, 10**6) == pytest.approx(0.15)
    assert spread.variance(10**9, 10**9) == pytest.approx(0.05)


def test_at_or_below_the_boundary_it_is_never_shown() -> None:
    for effect in (-0.05, -0.2):
        assert answer(Plan(effect, 0.05, 0.025, SPREADS["recall"])).median is None


def test_a_stream_without_spread_takes_the_fewest_possible() -> None:
    assert answer(Plan(0.0, 0.05, 0.025, Spread(0.0, 0.4))).median == fewest_pulls(0.05, 0.025) == 110
    assert answer(Plan(1.0, 0.05, 0.025, Spread(0.0, 0.4))).median == 8


def test_money_of_the_answer_and_what_a_value_asks_for() -> None:
    plan = Plan(0.05, 0.05, 0.025, SPREADS["recall"], 2, 1, own_usd=0.2, frontier_usd=2.0)
    quality = answer(plan)
    assert quality.median and quality.usd == pytest.approx(quality.median * 2.4)
    dear = answer(replace(plan, value_usd=1e6))
    assert dear.median is not None and dear.median - 8 == pytest.approx(4 * (quality.median - 8), abs=4)
    assert answer(replace(plan, value_usd=5.0)).median == quality.median
    assert answer(replace(plan, effect=-0.04, value_usd=100.0)).median is None


def test_alternatives_are_sooner_and_wider_margins_are_not_offered_below_the_asked_one() -> None:
    plan = Plan(0.0, 0.05, 0.025, SPREADS["tests"])
    asked = answer(plan).median
    assert asked and all((answer(other).median or math.inf) < asked for _, other in alternatives(plan))
    assert [name for name, _ in alternatives(replace(plan, margin=0.12)) if "margin" in name] == ["margin 15 points"]


def test_what_a_stream_shows_of_itself() -> None:
    ds = [0.4, -0.4, 0.0, 0.0] * 10
    rows = duels(ds) + [row(number, "own", 0.0, attempt=1, exit="error") for number in (39, 40)]
    of = measured(pairs(fold(rows)))
    assert (of.n, of.ties, of.own_attempts, of.own_usd) == (38, pytest.approx(18 / 38), 1, pytest.approx(0.2))
    assert of.sd == pytest.approx(np.std(ds[:38], ddof=1)) and of.spread("recall").sd == of.sd
    few = measured(pairs(fold(duels(ds[: ENOUGH - 1]))))
    assert few.spread("tests") == SPREADS["tests"] and measured([]).sd is None


def test_a_measured_spread_is_brought_back_to_one_attempt() -> None:
    rows = [r for n, d in enumerate([0.4, -0.4] * 15) for r in duels([d], n)]
    more = [row(r.number, "own", r.score, attempt=1) for r in rows if r.role == "own"]
    of = measured(pairs(fold([*rows, *more])))
    spread = of.spread("recall")
    assert of.own_attempts == 2 and of.sd is not None and spread.sd > of.sd
    assert spread.variance(2, 1) == pytest.approx(of.sd**2)


def plan(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli.switchover, ["plan", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_the_verb_on_day_one() -> None:
    found = plan("--pulls-per-week", "12", "--effect", "0.05")
    assert (found["alpha"], found["fewest_pulls"], found["measured"]) == (0.025, 110, None)
    soft, hard = found["answers"]["soft"], found["answers"]["hard"]
    assert soft["pulls"] < hard["pulls"] and soft["weeks"] == soft["pulls"] / 12 and soft["usd"] is None
    assert found["alternatives"]["soft"].keys() == found["alternatives"]["hard"].keys()


def test_the_verb_on_evaluations(tmp_path: Path) -> None:
    path = save(tmp_path / "e.jsonl", duels([0.4, -0.4, 0.0] * 20))
    found = plan("--pulls-per-week", "10", "--evaluations", path, "--attempts", "own=1", "--margin", "0.1")
    assert found["answers"].keys() == {"soft"} and found["measured"]["pulls"] == 60
    assert found["answers"]["soft"]["usd"] == pytest.approx(2.2 * found["answers"]["soft"]["pulls"])
    wider = plan("--pulls-per-week", "10", "--evaluations", path, "--attempts", "own=1", "--sd", "0.9")
    assert wider["answers"]["soft"]["sd"] == pytest.approx(0.9)


def test_the_table_for_a_person() -> None:
    text = (
        CliRunner()
        .invoke(cli.switchover, ["plan", "--pulls-per-week", "12", "--effect", "-0.05"], catch_exceptions=False)
        .output
    )
    assert "never: own is not above the boundary" in text and "at the least 110 PRs" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--pulls-per-week", "0"], "--pulls-per-week: 0.0 is not above 0"),
        (["--pulls-per-week", "nan"], "--pulls-per-week: nan"),
        (["--pulls-per-week", "1", "--effect", "5"], "5 points are 0.05"),
        (["--pulls-per-week", "1", "--attempts", "base=2"], "'base=2' is not ROLE=K"),
        (["--pulls-per-week", "1", "--attempts", "own=0"], "'own=0'"),
        (["--pulls-per-week", "1", "--margin", "1"], "margin: 1.0"),
    ],
)
def test_a_mistake_is_named(arguments: list[str], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        cli.switchover.main(["plan", *arguments], standalone_mode=False)


def test_the_enumeration_and_the_simulation_agree() -> None:
    pool = worlds.ternary(0.3, 0.2)
    counted, drawn = exact.median(pool, 0.05), float(np.median(shown(Draws(pool, 4000, 600), 0.05)))
    assert abs(counted - drawn) <= 0.05 * counted
