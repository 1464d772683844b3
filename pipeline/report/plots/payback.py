"""When a switch would have paid for the training: the net saving over the PRs to come. A forecast."""

from __future__ import annotations

from typing import Any

from pipeline.decide.words import usd
from pipeline.report.plots.ink import INK
from pipeline.report.plots.sheet import DASHES, Paper, dot, drawn, heading, note, sheet
from pipeline.report.plots.ticks import in_counts, in_dollars

PAPER = Paper(360, 250, 60, 12, 34, 42)


def payback(money: dict[str, Any], name: str) -> str | None:
    """The SVG from the ``cost`` of a verdict; None where the break-even is not known or never comes."""
    pulls, fixed = money["break_even_pulls"], money["fixed_usd"]
    if not pulls or not pulls["expected"]:
        return None
    with sheet(PAPER) as (figure, axes):
        end = _end(pulls)
        axes.set_xlim(0, end)
        axes.set_ylim(-1.2 * fixed, 1.1 * max(0.5 * fixed, _net(fixed, pulls["expected"], end)))
        axes.axhline(0, color=INK["soft"], linewidth=1.5)
        _fan(axes, pulls, fixed, end)
        _reached(axes, pulls["expected"], (money["break_even_date"] or {}).get("expected"))
        in_counts(axes.xaxis, 5)
        in_dollars(axes.yaxis, 6)
        axes.set_xlabel("further pull requests on own", loc="right", labelpad=6)
        heading(axes, "Saved less training (forecast)")
        return drawn(figure, name, "When a switch pays for the training", summary(money), "small-plot")


def summary(money: dict[str, Any]) -> str:
    """What the plot shows, in words."""
    pulls, fixed = money["break_even_pulls"]["expected"], usd(money["fixed_usd"])
    return f"Forecast: after about {pulls:,.0f} pull requests on own the {fixed} spent on training are earned back."


def _end(pulls: dict[str, float | None]) -> float:
    """PRs across: past the break-even, and past the latest one where that is not far beyond."""
    expected = pulls["expected"] or 0.0
    return 1.1 * max(1.6 * expected, min(pulls["latest"] or 0.0, 4 * expected))


def _net(fixed: float, break_even: float | None, pulls: float) -> float:
    """US dollars after so many PRs; no gain where there is no break-even."""
    return -fixed if break_even is None else fixed * (pulls / break_even - 1)


def _fan(axes: Any, pulls: dict[str, float | None], fixed: float, end: float) -> None:
    if pulls["soonest"]:
        low, high = (_net(fixed, pulls[side], end) for side in ("latest", "soonest"))
        axes.fill_between([0, end], [-fixed, low], [-fixed, high], color=INK["band"], linewidth=0)
    axes.plot([0, end], [-fixed, _net(fixed, pulls["expected"], end)], color=INK["own"], linewidth=2, linestyle=DASHES)


def _reached(axes: Any, pulls: float, day: str | None) -> None:
    dot(axes, pulls, 0, "good")
    note(axes, f"{pulls:,.0f} PRs", (pulls, 0), (-10, 8), ha="right", color=INK["ink"], fontweight="bold")
    if day:
        note(axes, day, (pulls, 0), (10, -17))
