"""What a solved pull request has cost so far, own and frontier, on a log axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pipeline.decide.words import usd
from pipeline.report.plots.across import count_pulls, mark_versions
from pipeline.report.plots.course import Run, Verdict, span, thinning
from pipeline.report.plots.ink import INK
from pipeline.report.plots.sheet import Paper, drawn, heading, note, sheet

TITLE = "Cost per solved pull request, own and frontier"
WIDE = Paper(860, 250, 40, 136, 44, 42)
NARROW = Paper(360, 250, 40, 70, 44, 42)
_STYLES = {"frontier": (0, (9, 4)), "own": "-"}
"""Told apart without their colours, too."""


def cost(course: Sequence[Run], paper: Paper, name: str) -> str | None:
    """The SVG; None when no cost per solved PR is known."""
    amounts = [a for run in course for line in run.lines for role in ("own", "frontier") if (a := _of(role)(line))]
    if not amounts:
        return None
    with sheet(paper) as (figure, axes):
        axes.set_xlim(0.5, span(course) + 0.5)
        _scale(axes, min(amounts), max(amounts))
        heading(axes, "US dollars per solved PR, log scale")
        for run in course:
            for role, style in _STYLES.items():
                places = run.points(thinning(course, paper.width), _of(role))
                axes.plot(*places, color=INK[role], linewidth=2.5, linestyle=style)
        mark_versions(axes, course, paper)
        _ends(axes, course[-1].last, span(course), paper)
        count_pulls(axes, span(course), paper)
        return drawn(figure, name, TITLE, summary(course[-1].last), "wide" if paper is WIDE else "narrow")


def summary(last: Verdict) -> str:
    own, frontier = (usd(last[role]["usd_per_solved"]) for role in ("own", "frontier"))
    return f"In the newest epoch a solved pull request has cost {own} with own and {frontier} with frontier."


def _of(role: str) -> Callable[[Verdict], float | None]:
    return lambda line: line[role]["usd_per_solved"] or None


def _scale(axes: Any, low: float, high: float) -> None:
    """A log axis around the amounts, with ticks at 1, 2 and 5 times powers of ten, fewer where they would crowd."""
    space = max(0.15, 0.08 * math.log10(high / low))
    low, high = low / 10**space, high * 10**space
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [s * 10.0**e for e in exponents for s in (1, 2, 5) if low <= s * 10.0**e <= high]
    if len(ticks) > 6:
        ticks = [10.0**e for e in exponents if low <= 10.0**e <= high]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda amount, _: f"${amount:,g}"))


def _ends(axes: Any, last: Verdict, n: int, paper: Paper) -> None:
    """Each line's name and value at its end, pushed apart where they would overlap."""
    ends = {role: amount for role in ("own", "frontier") if (amount := _of(role)(last))}
    heights = {role: axes.transData.transform((n, amount))[1] for role, amount in ends.items()}
    push = dict.fromkeys(ends, 0.0)
    if len(ends) == 2 and (gap := abs(heights["own"] - heights["frontier"])) < 17:
        upper = "own" if heights["own"] >= heights["frontier"] else "frontier"
        push = {role: (17 - gap) / 2 * (1 if role == upper else -1) for role in ends}
    for role, amount in ends.items():
        text = f"{role} {usd(amount)}" if paper is WIDE else role
        note(axes, text, (n + 0.5, amount), (8, push[role] - 4), color=INK[role], fontweight="bold")
