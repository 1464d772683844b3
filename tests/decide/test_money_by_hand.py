"""Money worked out on paper, through the verb.

Five pull requests, merged on 1, 3, 5, 7 and 9 March 2026: four in eight days, so 0.5 a day, and with
365.25 / 12 = 30.4375 days a month 15.21875 a month. An attempt of own costs $0.20, one of frontier $2.20.

    scores     own 1, 0, 0.5, 0.5, 1 = 3      frontier 1, 0.5, 0.5, 0, 1 = 3      mean difference 0
    saved      2.20 - 0.20 = $2.00 a pull request
    solved     own 5 x 0.20 / 3 = $0.33       frontier 5 x 2.20 / 3 = $3.67
    spent      5 x 2.40 = $12.00 on the evaluation
    training   $61 for one version that serves 61 pull requests: $1.00 each
    a month    (2.00 - 1.00) x 15.21875 = $15.21875
    paid back  61 / 2.00 = 30.5 pull requests = 61 days after 9 March (22 to the end of March, 30 of April, 9): 9 May
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests.decide.rows import duel
from tests.decide.test_decide_verb import decide, save

SCORES = [(1.0, 1.0), (0.0, 0.5), (0.5, 0.5), (0.5, 0.0), (1.0, 1.0)]
CONFIG = """
train: {retrain_after_pulls: 61}
evaluate: {concurrency: 2}
prices:
  small+a: {usd_per_million_in: 100, usd_per_million_out: 1000}
  small+a@2026-03-06: {usd_per_million_in: 200, usd_per_million_out: 2000, gpu_idle_share: 0.5}
"""


@pytest.fixture
def judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    rows = []
    for i, (own, frontier) in enumerate(SCORES):
        day = f"2026-03-{2 * i + 1:02d}"
        pair = duel(
            i + 1, own, frontier, at=f"{day}T12:00:00Z", own_cost_usd=0.2, frontier_cost_usd=2.2, seconds=1000.0
        )
        rows += [dataclasses.replace(r, merged_at=f"{day}T00:00:00Z") for r in pair]
    path = save(tmp_path / "e.jsonl", rows)
    (tmp_path / "c.yml").write_text(CONFIG)

    def judge(*flags: str) -> dict[str, Any]:
        return decide(capsys, "--evaluations", path, "--config", str(tmp_path / "c.yml"), "--json", *flags)[0]

    return judge


def test_what_is_on_the_paper(judged: Any) -> None:
    verdict = judged("--fixed-usd", "61")
    cost = verdict["cost"]
    assert verdict["mean_difference"] == 0 and cost["evaluation_usd"] == pytest.approx(12.0)
    assert verdict["own"]["usd_per_solved"] == pytest.approx(1 / 3)
    assert verdict["frontier"]["usd_per_solved"] == pytest.approx(11 / 3)
    assert cost["saving_usd_per_pull"] == pytest.approx(2.0) and cost["training_usd_per_pull"] == pytest.approx(1.0)
    assert cost["pulls_per_month"] == pytest.approx(15.21875)
    assert cost["saving_usd_per_month"] == pytest.approx(15.21875)
    assert cost["break_even_pulls"]["expected"] == pytest.approx(30.5)
    assert cost["break_even_date"]["expected"] == "2026-05-09"


def test_what_if_a_solved_pull_request_is_worth_ten_dollars(judged: Any) -> None:
    """Level in score, so only what is saved counts: again $2.00, in [-1, 1] 2 / (10 + 10) = 0.1 on average."""
    cost = judged("--fixed-usd", "61", "--value", "10")["cost"]
    assert cost["net_usd_per_pull"]["mean"] == pytest.approx(2.0)
    assert cost["net_usd_per_pull"]["low"] < 2.0 < cost["net_usd_per_pull"]["high"]
    assert cost["break_even_pulls"]["expected"] == pytest.approx(30.5)
    assert cost["break_even_pulls"]["latest"] is None  # the lower edge is below zero: not shown


def test_what_if_the_margin_were_wider(judged: Any) -> None:
    """The band stays, the proof is easier: log E(-m) rises with m."""
    here, wide = judged(), judged("--margin", "0.2")
    assert (wide["low"], wide["high"]) == (here["low"], here["high"]) and wide["margin"] == 0.2
    assert wide["log_e"]["noninferior"] > here["log_e"]["noninferior"]
    assert wide["log_e"]["saving"] == here["log_e"]["saving"] and wide["own"] == here["own"]


def test_what_if_the_hours_cost_three_dollars_sixty(judged: Any) -> None:
    """1,000 s shared by two attempts are 500 s: $0.50 at $0.001 a second, and twice that where half the hours wait.

    Tokens: 1,000 in and 100 out, $0.10 + $0.10 on the first three days, twice that and idle hours from 6 March on:
    (3 x (0.20 + 0.50) + 2 x (0.40 + 1.00)) / 5 = 4.90 / 5 = $0.98; saved 2.20 - 0.98 = $1.22.
    """
    verdict = judged("--gpu-usd-per-hour", "3.6", "--fixed-usd", "61")
    assert verdict["own"]["usd_per_attempt"] == pytest.approx(0.98)
    assert verdict["frontier"]["usd_per_attempt"] == pytest.approx(2.2)
    assert verdict["cost"]["saving_usd_per_pull"] == pytest.approx(1.22)
    assert verdict["cost"]["break_even_pulls"]["expected"] == pytest.approx(50.0)
    assert verdict["cost"]["break_even_date"]["expected"] == "2026-06-17"  # 100 days after 9 March
    assert verdict["cost"]["saving_usd_per_month"] == pytest.approx(0.22 * 15.21875)
