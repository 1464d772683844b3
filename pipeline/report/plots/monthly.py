"""What each month brought: what own would have saved, and on how many pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.decide.words import usd
from pipeline.report.months import Month
from pipeline.report.plots.ink import INK
from pipeline.report.plots.sheet import Paper, drawn, heading, note, sheet
from pipeline.report.plots.ticks import in_dollars

PAPER = Paper(360, 250, 60, 8, 34, 42)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST_NAMES, _MOST_COUNTS = 8, 12


def monthly(months: Sequence[Month], name: str) -> str | None:
    """The SVG; None without a month, and where a cost is not known."""
    savings = [month.saving_usd for month in months if month.saving_usd is not None]
    if not months or len(savings) < len(months):
        return None
    with sheet(PAPER) as (figure, axes):
        _frame(axes, savings)
        colours = [INK["own" if saving >= 0 else "bad"] for saving in savings]
        axes.bar(range(len(months)), savings, 0.72, color=colours, linewidth=0)
        axes.axhline(0, color=INK["soft"], linewidth=1.5)
        _labels(axes, months, savings)
        axes.set_xlabel(_years(months), loc="right", labelpad=6)
        heading(axes, "Saved on own each month, and PRs")
        return drawn(figure, name, "Saving of own against frontier by month", summary(months), "small-plot")


def summary(months: Sequence[Month]) -> str:
    """What the plot shows, in words."""
    return "; ".join(f"{m.name}: {usd(m.saving_usd)} on {m.pulls:,} pull requests" for m in months) + "."


def _frame(axes: Any, savings: Sequence[float]) -> None:
    low, high = min(0.0, *savings), max(0.0, *savings)
    space = 0.14 * ((high - low) or 1.0)
    axes.set_ylim(low - (space if low < 0 else 0), high + space)
    axes.set_xlim(-0.6, max(len(savings), 6) - 0.4)
    in_dollars(axes.yaxis, 5)


def _labels(axes: Any, months: Sequence[Month], savings: Sequence[float]) -> None:
    """A month's name below and its PRs above; thinned from the newest back, so that they stay apart."""
    every = -(-len(months) // _MOST_NAMES)
    named = [i for i in range(len(months)) if (len(months) - 1 - i) % every == 0]
    axes.set_xticks(named, [_NAMES[int(months[i].name[5:7]) - 1] for i in named])
    for i in range(len(months)) if len(months) <= _MOST_COUNTS else named:
        note(axes, f"{months[i].pulls:,}", (i, max(0.0, savings[i])), (0, 5), ha="center", fontsize=11)


def _years(months: Sequence[Month]) -> str:
    first, last = months[0].name[:4], months[-1].name[:4]
    return first if first == last else f"{first} to {last}"
