"""What the page says about the future: forecast with its range, months, kinds, break-even."""

from typing import Any

import pytest

from pipeline.decide import Options, judge, trace
from pipeline.report.ahead import Ahead, ahead
from pipeline.report.months import MOST, Month, months
from pipeline.report.outlook import break_even, distance, outlook
from pipeline.report.parts import by_kind, routed_to_own
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation
from tests.decide.rows import duels

FORECAST = Ahead(215, 103, None, "2027-02-23", "2026-11-17", None)


def merged(differences: list[float], **changes: Any) -> list[Evaluation]:
    """One PR merged each day of January 2026."""
    rows = []
    for day, d in enumerate(differences, 1):
        rows += duels([d], day, merged_at=f"2026-01-{day:02d}T00:00:00Z", **changes)
    return rows


def looked(rows: list[Evaluation], **options: Any) -> tuple[dict[str, Any], Ahead | None]:
    verdict = judge(rows, None, Options(**options))
    return verdict, ahead(verdict, list(trace(rows)), rows)


def test_the_forecast_is_that_of_the_verdict_with_a_range_around_it() -> None:
    verdict, found = looked(merged([0.5, -0.4] * 15))
    assert found is not None and found.pulls == verdict["forecast"]["pulls"]
    assert found.soonest < found.pulls and found.day == verdict["forecast"]["date"]
    assert found.latest is None and found.latest_day is None, "so little evidence may lead nowhere"
    assert found.soonest_day is not None and found.soonest_day < found.day  # type: ignore[operator]


def test_equal_differences_leave_no_doubt_about_the_rate() -> None:
    _, found = looked(duels([0.0] * 30))
    assert found is not None and found.soonest == found.pulls == found.latest and found.day is None


@pytest.mark.parametrize("differences", [[0.1] * 19, [-0.6] * 40, [0.9] * 40, []])
def test_too_early_behind_or_shown_there_is_no_forecast(differences: list[float]) -> None:
    assert looked(duels(differences))[1] is None


def test_it_says_how_far_it_is() -> None:
    early, _ = looked(duels([0.1] * 5))
    assert outlook(early, None) == "too early for a rate; ties alone would take 110 PRs"
    assert distance(early, None)[0] == "≥ 110 PRs"
    shown, _ = looked(duels([0.9] * 40))
    assert outlook(shown, None) == "non-inferiority is shown" and distance(shown, None)[0] == "Shown"
    behind, _ = looked(duels([-0.6] * 40))
    assert "a new version starts anew" in outlook(behind, None) and distance(behind, None)[0] == "Behind"
    close, _ = looked(duels([0.4, -0.6] * 15))
    assert "would not be shown; ties alone would take 110 PRs" in outlook(close, None)
    assert distance(close, None)[0] == "Not in sight"
    assert distance(close, FORECAST) == (
        "≈ 215 PRs",
        "more until it is shown, around 2027-02-23; a forecast, not a promise",
    )
    assert "around 2027-02-23; with a rate one standard error better 103 (2026-11-17), one worse never" in outlook(
        close, FORECAST
    )


def test_what_is_shown_but_not_to_be_trusted_is_said() -> None:
    missing = [row for row in duels([-0.9] * 60, 2) if row.role == "frontier"]
    verdict, found = looked([*duels([0.3]), *missing, *duels([0.3] * 40, 100)])
    assert verdict["forecast"]["pulls"] == 0 and "noninferior" not in verdict["latched"] and found is None
    assert distance(verdict, found)[0] == "Held back" and "held back" in outlook(verdict, found)
    whole = trace([*duels([0.9] * 15), *duels([-1.0] * 200, 100)])
    turned = next(line for line in whole if {"noninferior", "worse"} <= line["latched"].keys())
    assert distance(turned, None)[0] == "Turned" and "starts anew" in outlook(turned, None)


def test_without_a_margin_ties_prove_nothing() -> None:
    verdict = judge(duels([0.0] * 5), DecideConfig(margin=0.0))
    assert "ties prove nothing" in outlook(verdict, None) and distance(verdict, None)[0] == "Not in sight"


def test_the_break_even_in_words() -> None:
    rows = merged([0.0] * 30)
    assert break_even(judge(rows)).startswith("not known: say with --fixed-usd")
    paid = break_even(judge(rows, None, Options(fixed_usd=180.0)))
    assert paid == "after about 100 PRs on own, around 2026-05-10, of the $180 spent on training"
    dear = merged([0.0] * 30, own_cost_usd=3.0)
    assert break_even(judge(dear, None, Options(fixed_usd=180.0))).startswith("never at the saving so far")
    worth = judge(rows, DecideConfig(value_of_solved_pull_usd=5.0), Options(fixed_usd=180.0))
    assert "(from " in break_even(worth)


def test_a_month_counts_each_pull_request_once_and_by_its_merge() -> None:
    rows = [*merged([0.1, 0.1]), *duels([0.1], 700), *duels([0.1], 1, at="2026-03-01T00:00:00Z", own_adapter="a2")]
    found = months(rows, list(trace(rows)))
    assert found == [Month("2026-01", 2, pytest.approx(3.6)), Month("2026-02", 1, pytest.approx(1.8))]
    assert months(duels([0.1], cost_usd=None), list(trace(duels([0.1], cost_usd=None))))[0].saving_usd is None
    long = [r for m in range(24) for r in duels([0.1], m, merged_at=f"{2024 + m // 12}-{m % 12 + 1:02d}-01T00:00:00Z")]
    assert [m.name for m in months(long, list(trace(long)))][-MOST:][0] == "2024-07"


def test_kinds_are_told_by_the_title_and_routed_together() -> None:
    rows = [*duels([0.8] * 60, title="fix: a"), *duels([-0.2] * 20, 100, title="docs: b"), *duels([0.5], 200)]
    parts = by_kind(rows, DecideConfig(), None)
    assert [(part.name, part.verdict["n"], part.route["to"]) for part in parts] == [
        ("fix", 60, "own"),
        ("docs", 20, "frontier"),
    ]
    assert routed_to_own(parts) == ["fix"]
    assert parts[0].verdict["low"] == judge(duels([0.8] * 60))["low"]
    assert by_kind(rows[:120], DecideConfig(), None) == [] and by_kind(duels([0.1]), DecideConfig(), None) == []
