"""What people say, sealed attempts and soft scores beside hard ones, in the page and its short form."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.decide import Options, judge
from pipeline.decide.words import selection, sentence
from pipeline.evaluate.agreement import of_evaluations
from pipeline.report import write_report
from pipeline.report.outlook import break_even
from pipeline.store import Store
from pipeline.store.opinions import add_opinion
from pipeline.types import Evaluation, Opinion, to_json
from tests.decide.rows import duels, time_of


def hard(number: int, row: Evaluation) -> Evaluation:
    solved = row.score > 0
    return dataclasses.replace(
        row, measure="tests", recall=0.75 if solved else 0.25, resolved=solved, patch="+x",
        sealed_at=time_of(1) if number % 2 else None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("people")
    rows = [hard(row.number, row) for row in duels([1.0, 0.0, -1.0, 0.5])]
    said = [Opinion("o/n", 1, "unfair", "wrong <b>tests</b>", time_of(9)), Opinion("o/n", 2, "fair", "", time_of(9))]
    write_report(out, rows, title="o/n", opinions=said, agreement=to_json(of_evaluations(rows)))
    assert json.loads((out / "verdict.json").read_text())["people"] == {"fair": 1, "unfair": 1}
    short = (out / "report.md").read_text()
    assert "(sealed, unfair, 1 say)" in short and "wrong \\<b\\>tests" in short and "1.00 (overlap 0.75)" in short
    return (out / "report.html").read_text()


def test_people_are_counted_and_quoted_beside_the_pull_request(page: str) -> None:
    assert "all together: 1 person finds it unfair, 1 fair; no score changes by it." in page
    assert 'title="wrong &lt;b&gt;tests&lt;/b&gt;">1 person finds unfair' in page


def test_sealed_ones_are_marked(page: str) -> None:
    assert "2 sealed: recorded before any human fix existed." in page
    assert page.count('title="Sealed: the patches were recorded before any human fix existed."') == 2


def test_soft_scores_stand_beside_hard_ones_with_their_agreement(page: str) -> None:
    assert "overlap 0.75 · " in page and "On 8 patches both are known; the tests accept 3." in page
    assert "more overlap with the human one 100.0% of the time" in page


def test_the_report_heeds_the_route_and_the_people_of_the_database(tmp_path: Path) -> None:
    rows = duels([0.0] * 120) + duels([-0.9] * 10, 121)
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(to_json(row)) + "\n" for row in rows))
    with Store.open(tmp_path / "so.db") as store, store.atomic():
        store.add_route("o/n", "own", by="ann", how="command", at=time_of(120))
        add_opinion(store, "o/n", 1, "ann", "unfair", "no")
    line = ["report", "--evaluations", str(tmp_path / "e.jsonl"), "--out", str(tmp_path / "out")]
    assert run(line) == 0
    assert json.loads((tmp_path / "out/verdict.json").read_text())["state"] != "switched"
    assert run([*line, "--db", str(tmp_path / "so.db")]) == 0
    found = json.loads((tmp_path / "out/verdict.json").read_text())
    assert found["options"]["switched_at"] == time_of(120) and found["people"]["unfair"] == 1
    assert found["state"] in ("switched", "drifted")
    assert run([*line, "--db", str(tmp_path / "none.db")]) == 2 and run([*line, "--repo", "o/n"]) == 2


def test_a_switch_back_tells_when_it_was_shown() -> None:
    rows = duels([0.0] * 120) + duels([-1.0] * 14, 121)
    verdict = judge(rows, None, Options(switched=True, switched_at=time_of(120)))
    shown = verdict["latched"]["noninferior"]["at"][:10]
    assert verdict["reasons"][0].startswith("switch_back")
    assert f"it was shown within 5 points on {shown}, and has fallen beyond them since" in sentence(verdict)


def test_one_value_is_no_selection() -> None:
    verdict = judge(duels([0.0] * 3)) | {
        "by": "o/n",
        "discovery": False,
        "route": {"to": "frontier", "error_chance": 1},
    }
    assert selection([verdict], "repo").startswith("one value of repo alone, o/n: routes to frontier; nothing")


def test_the_break_even_says_that_later_trainings_are_not_in_it() -> None:
    rows = [row for day in range(1, 5) for row in duels([0.1], day, merged_at=f"2026-01-0{day}T00:00:00Z")]
    cost = judge(rows, None, Options(fixed_usd=18.0, training_pulls=100))
    assert "later trainings, $0.18 for each PR, are in the saving per month and not in this" in break_even(cost)
    assert "later" not in break_even(judge(rows, None, Options(fixed_usd=18.0)))
