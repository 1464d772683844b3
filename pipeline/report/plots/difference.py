"""The running difference with its band: the picture of the verdict, and of how far it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline.decide.words import points
from pipeline.report.ahead import Ahead
from pipeline.report.plots.across import count_pulls, mark_versions
from pipeline.report.plots.course import Run, Verdict, span, thinning
from pipeline.report.plots.ink import INK
from pipeline.report.plots.sheet import DASHES, Paper, Spots, dot, drawn, heading, note, sheet
from pipeline.report.plots.ticks import in_points, signed

TITLE = "Running difference in score, own minus frontier"
WIDE = Paper(860, 380, 40, 52, 44, 42)
NARROW = Paper(360, 320, 34, 50, 44, 42)
_MOST_HOVERS = 400


def difference(course: Sequence[Run], forecast: Ahead | None, paper: Paper, name: str) -> str:
    """The SVG; ``course`` holds at least one PR. Points tell their PR on the wide one."""
    last, n = course[-1].last, span(course)
    with sheet(paper) as (figure, axes):
        reach = _reach(course)
        further = _room(forecast, n)
        axes.set_xlim(0.5, n + further + 0.5)
        axes.set_ylim(-reach, reach)
        _ground(axes, last["margin"], reach)
        for run in course:
            _lines(axes, run, thinning(course, paper.width))
        mark_versions(axes, course, paper)
        if forecast:
            _ahead(axes, course[-1], n, forecast, further, paper)
        for run in course:
            _proof(axes, run, n + further, is_named=run is course[-1])
        note(axes, signed(last["mean_difference"]), (n + further + 0.5, last["mean_difference"]), (8, -5),
             color=INK["own"], fontweight="bold", fontsize=14)  # fmt: skip
        count_pulls(axes, n + further, paper)
        if paper is WIDE and n <= _MOST_HOVERS:
            axes.add_artist(Spots([spot for run in course for spot in _spots(run)]))
        return drawn(figure, name, TITLE, summary(last, forecast), "wide" if paper is WIDE else "narrow")


def summary(last: Verdict, forecast: Ahead | None) -> str:
    """What the plot shows, in words."""
    low, high = points(last["low"], True), points(last["high"], True)
    text = (
        f"After {last['n']} pull requests of epoch {last['epoch']['number']} the mean difference is "
        f"{points(last['mean_difference'], True)} points, the band reaches from {low} to {high}, "
        f"the margin is {points(last['margin'])} points."
    )
    return f"{text} Forecast, not a promise: about {forecast.pulls:,} more pull requests." if forecast else text


def _reach(course: Sequence[Run]) -> float:
    """Half the height of the axis, a share: the last band fits, the first wild ones are cut."""
    last = course[-1].last
    settled = [abs(line["mean_difference"]) for run in course for line in run.lines if line["n"] >= 8]
    widest: float = max([abs(last["low"]), abs(last["high"]), 2 * last["margin"], *settled])
    return min(1.0, max(0.15, math.ceil(widest * 1.12 * 20) / 20))


def _room(forecast: Ahead | None, n: int) -> int:
    """PRs to leave for the future: up to the latest, at most as many as there were."""
    if forecast is None:
        return 0
    return max(4, min(n, math.ceil(1.1 * (forecast.latest or 2 * forecast.pulls))))


def _ground(axes: Any, margin: float, reach: float) -> None:
    axes.axhspan(-margin, 0, color=INK["margin"], linewidth=0)
    axes.axhline(0, color=INK["soft"], linewidth=1.5)
    axes.axhline(-margin, color=INK["margin-line"], linewidth=1.5, linestyle=DASHES)
    in_points(axes.yaxis, 8)
    heading(axes, "Score: own − frontier, points")


def _lines(axes: Any, run: Run, every: int) -> None:
    x, mean = run.points(every, lambda line: line["mean_difference"])
    low, high = (run.points(every, lambda line, edge=edge: line[edge])[1] for edge in ("low", "high"))  # type: ignore[misc]
    axes.fill_between(x, low, high, color=INK["band"], linewidth=0)
    axes.plot(x, mean, color=INK["own"], linewidth=2.5)


def _ahead(axes: Any, run: Run, n: int, forecast: Ahead, further: int, paper: Paper) -> None:
    """The mean as it is, and the lower edge on its way to the margin, as far as there is room; dashed."""
    last = run.last
    mean, margin = last["mean_difference"], last["margin"]
    start, ratio = mean - last["low"], (mean + margin) / (mean - last["low"])
    steps = [further * i / 40 for i in range(41)]
    # The edge closes in on the mean as a power of n: the one that meets the margin when the forecast says.
    power = math.log(ratio) / math.log(1 + forecast.pulls / last["n"])
    edge = [mean - start * (1 + step / last["n"]) ** power for step in steps]
    axes.plot([n, n + further], [mean, mean], color=INK["own"], linewidth=1.5, linestyle=DASHES)
    axes.plot([n + step for step in steps], edge, color=INK["own"], linewidth=1.5, linestyle=DASHES)
    _range(axes, n, forecast, further, margin)
    words = f"forecast, not a promise: {_about(forecast.pulls)}"
    if paper is not WIDE:
        words = f"forecast: {_about(forecast.pulls)}"
    elif forecast.day:
        words += f", {forecast.day}"
    note(axes, words, (n + further + 0.5, axes.get_ylim()[0]), (-4, 8), ha="right")


def _range(axes: Any, n: int, forecast: Ahead, further: int, margin: float) -> None:
    """From the soonest to the latest place where the edge may meet the margin, and the expected one."""
    latest = forecast.latest or math.inf
    axes.plot([n + forecast.soonest, n + min(latest, further)], [-margin, -margin], color=INK["own"], linewidth=4)
    if latest > further:
        axes.plot([n + further], [-margin], ">", color=INK["own"], markeredgewidth=0, markersize=10, clip_on=False)
    if forecast.pulls <= further:
        dot(axes, n + forecast.pulls, -margin, "card", "own")


def _about(pulls: int) -> str:
    return f"about {pulls:,} more PRs"


def _proof(axes: Any, run: Run, end: float, is_named: bool) -> None:
    """Where an epoch proved something; in words for the newest alone, whose verdict holds."""
    for word, edge, colour in (("noninferior", "low", "good"), ("worse", "high", "bad")):
        if place := run.reached(word):
            x, line = place
            axes.axvline(x, color=INK[colour], linewidth=1.5)
            dot(axes, x, line[edge], colour)
            if not is_named:
                continue
            left = x > 0.6 * end
            what = "shown" if word == "noninferior" else "shown to be behind"
            note(axes, f"{what} after {line['n']:,} PRs", (x, axes.get_ylim()[0]), (-8 if left else 8, 10),
                 ha="right" if left else "left", color=INK["ink"], fontweight="bold")  # fmt: skip


def _spots(run: Run) -> list[tuple[float, float, str]]:
    return [(run.start + i, line["mean_difference"], _told(line)) for i, line in enumerate(run.lines)]


def _told(line: Verdict) -> str:
    pull = line["pull"]
    return (
        f"PR #{pull['number']}: own {pull['own']:.2f}, frontier {pull['frontier']:.2f}; "
        f"mean so far {points(line['mean_difference'], True)} ({points(line['low'], True)} to "
        f"{points(line['high'], True)})"
    )
