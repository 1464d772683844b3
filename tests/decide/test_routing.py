"""Routes by kind of change: what is proven goes to own, all claims together keep the promise."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli import run
from pipeline.decide import Options, judge
from pipeline.decide.kinds import kind_of
from pipeline.decide.routing import suggest
from pipeline.settings import DecideConfig
from tests.decide import slow
from tests.decide.rows import duels, time_of
from tests.decide.test_decide_verb import decide, save


def verdict(
    better: float = 0.0, noninferior: float = 0.0, saving: float | None = 0.0, **changes: Any
) -> dict[str, Any]:
    shown = {"better": better, "noninferior": noninferior, "saving": saving}
    return {"log_e": shown, "wealth": 1.0, "cost": {"net_usd_per_pull": None, "net_log_e": None}} | changes


def routes(*verdicts: dict[str, Any], chance: float = 0.05) -> list[str]:
    return [route["to"] for route in suggest(verdicts, chance)]


def test_own_needs_the_proof_and_the_saving_or_to_be_better() -> None:
    assert routes(verdict(noninferior=9.0, saving=9.0)) == ["own"]
    assert routes(verdict(noninferior=9.0, saving=0.0)) == ["frontier"]
    assert routes(verdict(noninferior=9.0, saving=None)) == ["frontier"]
    assert routes(verdict(better=9.0, noninferior=9.0, saving=None)) == ["own"]
    assert routes() == []


def test_with_a_value_the_net_gain_must_be_shown_however_good_own_is() -> None:
    dear = {"net_usd_per_pull": {"mean": -1.0}, "net_log_e": -3.0}
    assert routes(verdict(better=20.0, noninferior=20.0, saving=20.0, cost=dear)) == ["frontier"]
    assert routes(verdict(noninferior=9.0, cost={**dear, "net_log_e": 9.0})) == ["own"]


def test_lost_wealth_asks_for_more() -> None:
    proof = math.log(2 * 20 * 2) + 0.01
    assert routes(verdict(noninferior=proof, saving=proof, wealth=1.0)) == ["own"]
    assert routes(verdict(noninferior=proof, saving=proof, wealth=0.9)) == ["frontier"]


def test_many_kinds_ask_for_more_and_help_each_other() -> None:
    weak = verdict(noninferior=5.0, saving=5.0)
    hopeless = [verdict(noninferior=-9.0, saving=9.0) for _ in range(7)]
    assert routes(weak)[0] == "own" and routes(weak, *hopeless)[0] == "frontier"
    assert routes(*[weak] * 8) == ["own"] * 8


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 12), st.floats(-9, 12), st.floats(-9, 12)), min_size=1, max_size=9))
def test_the_set_follows_the_formula(logs: list[tuple[float, float, float]]) -> None:
    verdicts = [verdict(better, noninferior, saving) for better, noninferior, saving in logs]
    es = [(min(math.exp(n), math.exp(s)) + math.exp(b)) / 4 for b, n, s in logs]
    found = suggest(verdicts, 0.1)
    assert {i for i, route in enumerate(found) if route["to"] == "own"} == slow.e_bh(es, 0.1)
    assert [route["log_e"] for route in found] == pytest.approx([math.log(e) for e in es])
    for route in found:
        assert (route["log_e"] >= route["needed"]) == (route["to"] == "own")


def test_wrong_routes_are_rarer_than_the_stated_chance() -> None:
    """Six kinds, four at the boundary, looked at every 25 PRs: the share of wrong routes, averaged, is below 10%."""
    wrong = right = 0.0
    for seed in range(40):
        rng = random.Random(seed)
        ds: list[list[float]] = [[] for _ in range(6)]
        found: list[str] = []
        for _ in range(8):
            for kind, d in enumerate(ds):
                ahead = 0.05 if kind < 4 else 0.45
                d += [float(rng.random() < ahead) - float(rng.random() < 0.1) for _ in range(25)]
            found = routes(*(judge(duels(d)) for d in ds), chance=0.1)
            if "own" in found[:4]:
                break
        claims = found.count("own")
        wrong += found[:4].count("own") / max(1, claims)
        right += found[4:].count("own")
    assert wrong / 40 <= 0.1 and right >= 60


def test_by_carries_a_route_for_each_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = duels([1.0] * 40, title="fix: a crash") + duels([0.0] * 40, 41, title="Add a page")
    verdicts = decide(capsys, "--evaluations", save(tmp_path / "e.jsonl", rows), "--by", "kind", "--json")
    assert [(v["by"], v["n"], v["route"]["to"]) for v in verdicts] == [("fix", 40, "own"), ("feature", 40, "frontier")]
    assert verdicts[0]["route"]["error_chance"] == 0.05
    value = DecideConfig(value_of_solved_pull_usd=4.0)
    assert judge(rows, value)["cost"]["net_log_e"] > 0 and judge(rows)["cost"]["net_log_e"] is None


def test_by_language_says_what_is_selected_and_at_which_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = duels([1.0] * 40, language="go") + duels([0.2] * 90, 41, own_cost_usd=9.0, language="python")
    path = save(tmp_path / "e.jsonl", [*rows, *duels([0.0], 200)])
    verdicts = decide(capsys, "--evaluations", path, "--by", "language", "--json")
    assert [(v["by"], v["discovery"], v["route"]["to"]) for v in verdicts] == [
        ("go", True, "own"), ("python", True, "own"), ("", False, "frontier"),
    ]  # fmt: skip
    assert {v["route"]["among"] for v in verdicts} == {3}
    assert run(["decide", "--evaluations", path, "--by", "language"]) == 0
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("routes to own: go, python; within the margin: go, python; of 3 values of language, e-BH")
    assert said.endswith("the expected share that is wrong is at most 5%")


def test_a_kind_in_the_rows_goes_before_the_titles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "e.jsonl"
    save(path, duels([0.0], title="fix: x"))
    rows = [json.loads(line) | {"kind": "ui"} for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    assert [v["by"] for v in decide(capsys, "--evaluations", str(path), "--by", "kind", "--json")] == ["ui"]


def test_the_route_goes_back_when_own_falls_behind() -> None:
    good = judge(duels([0.5] * 60))
    fallen = judge(duels([0.5] * 60 + [-1.0] * 60))
    assert routes(good) == ["own"] and routes(fallen) == ["frontier"]
    switched = judge(duels([0.5] * 60), options=Options(switched=True, switched_at=time_of(0)))
    assert routes(switched) == ["own"]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("fix(parser)!: a crash", "fix"),
        ("Feat: pages", "feature"),
        ("chore: bump x", "upkeep"),
        ("Prevent double delivery", "fix"),
        ("Allow several files", "feature"),
        ("Speed up the reader", "performance"),
        ("README: say more", "docs"),
        ("wip: typo in help", "docs"),
        ("Hello", "other"),
        ("", "other"),
    ],
)
def test_the_kind_of_a_title(title: str, kind: str) -> None:
    assert kind_of(title) == kind
