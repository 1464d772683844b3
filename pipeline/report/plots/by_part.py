"""Where own stands on each kind of change, or in each language: mean and band against the margin, and the route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.decide.words import points
from pipeline.report.inert import shortened, visible
from pipeline.report.parts import Part
from pipeline.report.plots.ink import INK
from pipeline.report.plots.sheet import DASHES, Paper, dot, drawn, heading, note, sheet
from pipeline.report.plots.ticks import in_points

_ROW = 30


_MOST = 12
"""Rows."""


def by_part(parts: Sequence[Part], name: str, what: str) -> str | None:
    """The SVG, a row for each of the largest parts; ``what`` they are parts by. None without any."""
    parts = parts[:_MOST]
    if not parts:
        return None
    paper = Paper(360, 58 + _ROW * len(parts), 118, 62, 34, 24)
    with sheet(paper) as (figure, axes):
        reach = _reach(parts)
        axes.set_xlim(-reach, reach)
        axes.set_ylim(len(parts) - 0.5, -0.5)
        _ground(axes, parts[0].verdict["margin"])
        for row, part in enumerate(parts):
            _row(axes, row, part, reach)
        axes.set_yticks(range(len(parts)), [_name(part) for part in parts])
        heading(axes, "Own − frontier, points" + ("; route" if parts[0].route else ""))
        return drawn(figure, name, f"Difference by {what}", summary(parts), "small-plot")


def summary(parts: Sequence[Part]) -> str:
    """What the plot shows, in words."""
    return "; ".join(map(_told, parts)) + "."


def _told(part: Part) -> str:
    mean, low, high = (points(part.verdict[key], True) for key in ("mean_difference", "low", "high"))
    route = f", route {part.route['to']}" if part.route else ""
    return f"{_name(part)}: {mean} points ({low} to {high}){route}"


def _name(part: Part) -> str:
    return f"{shortened(visible(part.name), 11)} ({part.verdict['n']:,})"


def _reach(parts: Sequence[Part]) -> float:
    """Half the width, a share: all means fit, and the band of the kind with most PRs; wider ones are cut."""
    first = parts[0].verdict
    means = [1.25 * abs(part.verdict["mean_difference"]) for part in parts]
    edges = [1.1 * abs(first["low"]), 1.1 * abs(first["high"])]
    widest: float = max(3 * first["margin"], *means, *edges)
    return min(1.0, widest)


def _ground(axes: Any, margin: float) -> None:
    axes.grid(False, axis="y")
    axes.grid(True, axis="x")
    axes.axvspan(-margin, 0, color=INK["margin"], linewidth=0)
    axes.axvline(0, color=INK["soft"], linewidth=1.5)
    axes.axvline(-margin, color=INK["margin-line"], linewidth=1.5, linestyle=DASHES)
    in_points(axes.xaxis, 4)


def _row(axes: Any, row: int, part: Part, reach: float) -> None:
    axes.plot([part.verdict["low"], part.verdict["high"]], [row, row], color=INK["own"], linewidth=3)
    dot(axes, part.verdict["mean_difference"], row, "own")
    if part.route:
        to = part.route["to"]
        weight = "bold" if to == "own" else "normal"
        note(axes, to, (reach, row), (8, -4), color=INK[to], fontweight=weight)
