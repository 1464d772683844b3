"""The axis across: evaluated pull requests, and where each new version began."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from pipeline.report.inert import shortened
from pipeline.report.plots.course import Run, renewal
from pipeline.report.plots.ink import INK
from pipeline.report.plots.sheet import Paper, note

_LETTER = 7.2
"""Pixels of a character, rather more than less."""


def count_pulls(axes: Any, most: int, paper: Paper) -> None:
    """Round numbers from 1 to ``most``, fewer on narrow paper."""
    places = MaxNLocator(10 if paper.width > 600 else 5, integer=True, steps=[1, 2, 5, 10]).tick_values(1, most)
    apart = places[1] - places[0]
    axes.xaxis.set_major_locator(FixedLocator([1, *(place for place in places if 0.5 * apart < place <= most)]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("evaluated pull requests", loc="right", labelpad=6)


def mark_versions(axes: Any, course: Sequence[Run], paper: Paper) -> None:
    """A line at each change of epoch. Its label says what is new; where that is too long, the epoch's number."""
    room_until = paper.left
    for before, run in itertools.pairwise(course):
        place = run.start - 0.5
        axes.axvline(place, color=INK["soft"], linewidth=1.5, linestyle=(0, (4, 4)))
        x = axes.transData.transform((place, 0))[0]
        name = renewal(before, run)
        for text in (f"new: {name}", shortened(name, 14), f"v{run.last['epoch']['number']}"):
            half = _LETTER * len(text) / 2
            middle = min(x, paper.width - 4 - half)
            if middle - half >= room_until:
                note(axes, text, (place, axes.get_ylim()[1]), (middle - x, 6), ha="center")
                room_until = middle + half + 8
                break
