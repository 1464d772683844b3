"""A plan as an object and as a table: what ``switchover plan`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.decide.forecast import fewest_pulls
from pipeline.decide.measured import Measured
from pipeline.decide.power import Plan, alternatives, answer
from pipeline.decide.words import points, usd
from pipeline.types import Measure

NAMES: dict[Measure, str] = {"recall": "soft", "tests": "hard"}


def outlook(plans: Mapping[Measure, Plan], weekly: float, of: Measured) -> dict[str, Any]:
    """PRs, weeks and dollars of each plan and of its alternatives.

    ``weekly``: PRs a week, above 0. ``of``: what has been measured so far.
    """
    plan = next(iter(plans.values()))
    return {
        "effect": plan.effect,
        "margin": plan.margin,
        "alpha": plan.alpha,
        "pulls_per_week": weekly,
        "attempts": {"own": plan.own_attempts, "frontier": plan.frontier_attempts},
        "usd_per_pull": plan.usd_per_pull(),
        "fewest_pulls": fewest_pulls(plan.margin, plan.alpha),
        "measured": {"pulls": of.n, "sd": of.sd, "ties": of.ties, "mean_difference": of.mean} if of.n else None,
        "answers": {NAMES[name]: _answer(one, weekly) for name, one in plans.items()},
        "alternatives": {
            NAMES[name]: {what: _answer(other, weekly) for what, other in alternatives(one)}
            for name, one in plans.items()
        },
    }


def _answer(plan: Plan, weekly: float) -> dict[str, Any]:
    found = answer(plan)
    weeks = {
        name: None if n is None else n / weekly for name, n in (("weeks", found.median), ("weeks_90", found.ninety))
    }
    sd = plan.spread.variance(plan.own_attempts, plan.frontier_attempts) ** 0.5
    return {"sd": sd, "pulls": found.median, "pulls_90": found.ninety, **weeks, "usd": found.usd}


def lines(result: dict[str, Any]) -> list[str]:
    """The outlook as a table for a person."""
    gap = points(result["effect"], True)
    boundary = points(result["margin"])
    fewest = result["fewest_pulls"]
    lines = [
        f"If own is truly {gap} points against frontier, within {boundary} points is shown after "
        f"(error chance {result['alpha']:.2g}, {result['pulls_per_week']:g} PRs a week):",
        "",
        f"  {'':34}{'half of streams':>22}{'nine of ten':>22}{'dollars':>10}",
    ]
    for name, found in result["answers"].items():
        lines.append(_line(f"{name} scores, as asked", found))
        lines += [_line(f"{name}, {what}", other) for what, other in result["alternatives"][name].items()]
    least = "ties never show it" if fewest is None else f"at the least {fewest} PRs, if own ties frontier on each"
    return [*lines, "", f"  {least}. A forecast, not a promise: the spread is measured from 20 PRs on."]


def _line(name: str, found: dict[str, Any]) -> str:
    if found["pulls"] is None:
        return f"  {name:<34}{'never: own is not above the boundary':>44}"
    half = f"{found['pulls']} PRs, {found['weeks']:.0f} weeks"
    most = f"{found['pulls_90']} PRs, {found['weeks_90']:.0f} weeks"
    return f"  {name:<34}{half:>22}{most:>22}{usd(found['usd']):>10}"
