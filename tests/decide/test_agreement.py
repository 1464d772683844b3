"""The package against ``independent`` on random streams: every number that has a formula, and the state."""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Any

import pytest

from pipeline.decide import Options, judge, trace
from pipeline.decide.audit import Audit
from pipeline.decide.ebh import select
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation
from tests.decide import independent, slow
from tests.decide.rows import row, time_of

LAWS = {
    "level": lambda rng: (rng.random(), rng.random()),
    "ahead": lambda rng: (1.0, rng.choice([0.0, 0.0, 1.0])),
    "behind": lambda rng: (rng.choice([0.0, 0.2]), rng.choice([1.0, 0.7])),
    "ties": lambda rng: (0.5, 0.5) if rng.random() < 0.96 else (0.0, 1.0),
    "hard": lambda rng: (float(rng.random() < 0.6), float(rng.random() < 0.5)),
}


def stream(seed: int) -> list[Evaluation]:
    """A history with everything that may happen to one: failures, voids, repeats, attempts, versions, unknown costs."""
    rng = random.Random(seed)
    rows: list[Evaluation] = []
    adapter, model = "a1", "large"
    law = list(LAWS.values())[seed % len(LAWS)]
    for number in range(1, rng.choice([3, 40, 250]) + 1):
        if rng.random() < 0.008:
            law = rng.choice(list(LAWS.values()))
            adapter = rng.choice([adapter, f"a{rng.randrange(9)}"])
        if rng.random() < 0.006:
            model = rng.choice(["large", "larger"])
        own, frontier = law(rng)
        for attempt in range(rng.choice([1, 1, 2])):
            rows.append(row(number, "own", own, attempt=attempt, adapter=adapter, **chances(rng)))
        rows.append(row(number, "frontier", frontier, model=model, **chances(rng)))
    lost = rng.choice([0.0, 0.0, 0.05])
    rows = [r for r in rows if rng.random() >= lost]
    rows += again(rng, rows)
    return with_f1(rng, rows) if seed % 2 else rows


def chances(rng: random.Random) -> dict[str, Any]:
    exit_ = rng.choices(["submitted", "time_limit", "error"], [0.92, 0.05, 0.03])[0]
    measure = "tests" if rng.random() < 0.02 else "recall"
    cost = None if rng.random() < 0.02 else rng.uniform(0, 3) * rng.choice([0.005, 0.1, 1])
    return {"exit": exit_, "measure": measure, "cost_usd": cost}


def with_f1(rng: random.Random, rows: list[Evaluation]) -> list[Evaluation]:
    """What evaluate records beside the recall: in some streams own's patches are long, in some rows it lacks."""
    precise = {"own": rng.choice([0.05, 0.5, 0.9]), "frontier": 0.6, "base": 0.6}
    known = rng.choice([1.0, 0.9])
    return [
        dataclasses.replace(r, f1=2 * r.score * p / (r.score + p)) if r.score and rng.random() < known else r
        for r in rows
        for p in [precise[r.role]]
    ]


def again(rng: random.Random, rows: list[Evaluation]) -> list[Evaluation]:
    """Later deliveries of some of them: repeats, retries, cached runs under a new adapter."""
    chosen = rng.sample(rows, min(len(rows), 8))
    new = rng.random() < 0.3
    adapters = ["a5" if new and rng.random() < 0.5 else r.adapter for r in chosen]
    return [
        dataclasses.replace(r, at=time_of(400 + i), score=rng.random(), exit="submitted", adapter=adapter)
        if r.role == "own"
        else dataclasses.replace(r, at=time_of(400 + i), score=rng.random(), exit="submitted")
        for i, (r, adapter) in enumerate(zip(chosen, adapters, strict=True))
    ]


def dials(seed: int) -> dict[str, Any]:
    rng = random.Random(f"dials {seed}")
    return {
        "margin": rng.choice([0.0, 0.05, 0.15]),
        "chance": rng.choice([0.05, 0.2]),
        "value": rng.choice([None, 3.0]),
        "cap": rng.choice([None, 3.0]),
        "switched_at": rng.choice([None, None, time_of(20)]),
    }


@pytest.mark.parametrize("seed", range(60))
def test_the_package_and_the_formulas_agree(seed: int) -> None:
    rows, dial = stream(seed), dials(seed)
    settings = DecideConfig(dial["margin"], dial["chance"], dial["value"])
    options = Options(
        cost_cap_usd=dial["cap"], switched=dial["switched_at"] is not None, switched_at=dial["switched_at"]
    )
    verdict = judge(rows, settings, options)
    expected = independent.judge([dataclasses.asdict(r) for r in rows], **dial)
    life = expected["life"]
    assert verdict["state"] == expected["state"]
    assert (verdict["n"], verdict["void"]) == (len(life.ds), len(life.voids))
    assert verdict["wealth"] == pytest.approx(float(life.wealth), rel=1e-9)
    assert verdict["alpha"] == pytest.approx(float(life.alpha), rel=1e-9)
    assert {name: at["n"] for name, at in verdict["latched"].items()} == life.latched
    for name in ("noninferior", "better", "worse"):
        assert verdict["log_e"][name] == pytest.approx(float(life.e(name).ln()), abs=1e-9)
    if life.guarded:
        assert verdict["guard"]["wealth"] == pytest.approx(float(life.guard_wealth), rel=1e-9)
        assert verdict["guard"]["log_e"] == pytest.approx(float(life.e("guard").ln()), abs=1e-9)
    if life.costs:
        assert verdict["log_e"]["saving"] == pytest.approx(float(independent.saving(life).ln()), abs=1e-9)
    if life.ds:
        assert verdict["low"] == pytest.approx(slow.lower(life.ds, float(life.alpha)), abs=1e-6)
        assert verdict["high"] == pytest.approx(slow.upper(life.ds, float(life.alpha)), abs=1e-6)


def test_the_random_streams_reach_every_state_and_many_epochs() -> None:
    """The streams above are worth something: all states but training occur, and so do late epochs."""
    verdicts = [
        judge(
            stream(seed),
            DecideConfig(dials(seed)["margin"], dials(seed)["chance"]),
            Options(switched=dials(seed)["switched_at"] is not None, switched_at=dials(seed)["switched_at"]),
        )
        for seed in range(60)
    ]
    assert {v["state"] for v in verdicts} >= {"collecting", "close", "behind", "ready", "switched", "drifted"}
    assert max(v["epoch"]["number"] for v in verdicts) >= 4 and any(v["void"] for v in verdicts)


@pytest.mark.parametrize("seed", range(12))
def test_the_states_along_the_way_agree(seed: int) -> None:
    rows = stream(seed)
    lines = {line["pull"]["at"]: line for line in trace(rows, options=Options(measure="recall"))}
    for at in list(lines)[:40:6]:
        until = [dataclasses.asdict(r) for r in rows if r.at <= at]
        expected = independent.judge(until, measure="recall")
        assert (lines[at]["state"], lines[at]["n"]) == (expected["state"], len(expected["life"].ds))


@pytest.mark.parametrize("seed", range(8))
def test_the_path_of_the_e_cusum_agrees(seed: int) -> None:
    rng = random.Random(seed)
    ds = [rng.uniform(-1, 0.6) for _ in range(150)]
    audit = Audit(0.05)
    for d, expected in zip(ds, slow.cusum(ds, 0.05), strict=True):
        audit.add(d)
        assert audit.log_mean == pytest.approx(float(expected.ln()), abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_the_set_of_e_bh_agrees(seed: int) -> None:
    rng = random.Random(seed)
    es = [math.exp(rng.gauss(2, 3)) for _ in range(rng.randrange(30))]
    assert set(select([math.log(e) for e in es], 0.1)) == slow.e_bh(es, 0.1)
