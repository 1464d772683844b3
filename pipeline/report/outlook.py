"""What may lie ahead, in words: the forecast, how far a proof is, the break-even. Never a promise. Pure."""

from __future__ import annotations

from typing import Any

from pipeline.decide.words import usd
from pipeline.report.ahead import FEWEST, Ahead

Verdict = dict[str, Any]


def outlook(verdict: Verdict, forecast: Ahead | None) -> str:
    """One sentence without a full stop on when non-inferiority could be shown."""
    fewest = verdict["forecast"]["fewest_pulls"]
    ties = f"ties alone would take {max(FEWEST, fewest):,} PRs" if fewest else "with a margin of 0 ties prove nothing"
    if _has_turned(verdict):
        return "it was shown within the margin and later beyond it; the next pull request starts anew"
    if "noninferior" in verdict["latched"]:
        return "non-inferiority is shown"
    if "worse" in verdict["latched"]:
        return "own is shown to be behind; a new version starts anew"
    if verdict["n"] < FEWEST:
        return f"too early for a rate; {ties}"
    if verdict["forecast"]["pulls"] == 0:
        return "the evidence is there, but held back: see the reasons above"
    if forecast is None:
        return f"at the rate so far non-inferiority would not be shown; {ties}"
    usd_ahead = verdict["forecast"]["usd"]
    cost = f" and {usd(usd_ahead)}" if usd_ahead else ""
    day = f", around {forecast.day}" if forecast.day else ""
    return f"about {forecast.pulls:,} more PRs{cost} at the rate so far{day}; {_range(forecast)}"


def _range(forecast: Ahead) -> str:
    soonest, latest = (
        _when(n, day) for n, day in ((forecast.soonest, forecast.soonest_day), (forecast.latest, forecast.latest_day))
    )
    return f"with a rate one standard error better {soonest}, one worse {latest}"


def _when(pulls: int | None, day: str | None) -> str:
    if pulls is None:
        return "never"
    return f"{pulls:,} ({day})" if day else f"{pulls:,}"


def distance(verdict: Verdict, forecast: Ahead | None) -> tuple[str, str]:
    """How far the proof is, for a tile: a few characters, and what they mean."""
    fewest = verdict["forecast"]["fewest_pulls"]
    if _has_turned(verdict):
        return "Turned", "it was shown within the margin and later beyond it"
    for word, text in (("noninferior", "Shown"), ("worse", "Behind")):
        if latch := verdict["latched"].get(word):
            what = "own is within the margin" if word == "noninferior" else "own is beyond the margin"
            return text, f"{what}: shown after {latch['n']:,} PRs, {latch['at'][:10]}"
    if verdict["n"] < FEWEST and fewest:
        return (
            f"≥ {max(FEWEST, fewest):,} PRs",
            "is what it takes even if own ties frontier on each; too early for a rate",
        )
    if verdict["forecast"]["pulls"] == 0:
        return "Held back", "the evidence is there, but not to be trusted yet: see the reasons above"
    if forecast is None:
        return "Not in sight", "at the rate so far non-inferiority would not be shown"
    day = f", around {forecast.day}" if forecast.day else ""
    return f"≈ {forecast.pulls:,} PRs", f"more until it is shown{day}; a forecast, not a promise"


def _has_turned(verdict: Verdict) -> bool:
    return "noninferior" in verdict["latched"] and "worse" in verdict["latched"]


def break_even(verdict: Verdict) -> str:
    """When the training is earned back by those PRs that own would serve."""
    money = verdict["cost"]
    pulls, days = money["break_even_pulls"], money["break_even_date"] or {}
    if not pulls:
        return "not known: say with --fixed-usd what training has cost, and give the models prices"
    if not pulls["expected"]:
        return f"never at the saving so far: own does not earn back the {usd(money['fixed_usd'])} spent on training"
    day = f", around {days['expected']}" if days.get("expected") else ""
    text = f"after about {pulls['expected']:,.0f} PRs on own{day}, of the {usd(money['fixed_usd'])} spent on training"
    if pulls["soonest"]:
        latest = f"{pulls['latest']:,.0f}" if pulls["latest"] else "never"
        text += f" (from {pulls['soonest']:,.0f} PRs to {latest})"
    return text + _later_trainings(money)


def _later_trainings(money: dict[str, Any]) -> str:
    """The saving per month is less what the next trainings cost; the break-even is about those that are paid."""
    training = money["training_usd_per_pull"]
    return (
        f"; later trainings, {usd(training)} for each PR, are in the saving per month and not in this"
        if training
        else ""
    )
