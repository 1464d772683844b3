"""A sheet of paper for one plot: size, margins, grid and type, the same for all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from pipeline.report.plots.ink import INK
from pipeline.report.plots.svg import Renderer

DASHES = (0, (6, 4))
TEXT, SMALL = 13, 12
"""Font sizes in pixels at the drawing's own size."""

_STYLE: dict[str, Any] = {
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK["soft"],
    "axes.spines.bottom": False,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 72,
    "font.family": "DejaVu Sans",
    "font.size": SMALL,
    "grid.color": INK["line"],
    "grid.linewidth": 1,
    "lines.scale_dashes": False,
    "path.simplify_threshold": 0.2,
    "text.color": INK["soft"],
    "text.parse_math": False,
    "xtick.color": INK["soft"],
    "xtick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.color": INK["soft"],
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
}


@dataclass(frozen=True)
class Paper:
    """Size of a drawing and of its margins, pixels."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float


@contextlib.contextmanager
def sheet(paper: Paper) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes on ``paper``, in our style whatever the reader's matplotlib is set to."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        figure = Figure(figsize=(paper.width / 72, paper.height / 72))
        figure.patch.set_visible(False)
        box = (
            paper.left / paper.width,
            paper.bottom / paper.height,
            (paper.width - paper.left - paper.right) / paper.width,
            (paper.height - paper.top - paper.bottom) / paper.height,
        )
        axes = figure.add_axes(box)
        axes.patch.set_visible(False)
        axes.set_axisbelow(True)
        axes.margins(0)
        yield figure, axes


def drawn(figure: Any, name: str, title: str, text: str, css_class: str) -> str:
    """The figure as an SVG element; see ``Renderer.svg``."""
    width, height = figure.get_size_inches() * figure.dpi
    renderer = Renderer(round(width), round(height), name)
    figure.draw(renderer)
    return renderer.svg(title, text, css_class)


def note(axes: Any, text: str, place: tuple[float, float], shift: tuple[float, float], **style: Any) -> None:
    """A text ``shift`` pixels beside a place in data coordinates, readable over lines."""
    style = {"color": INK["soft"], "fontsize": SMALL, "gid": "halo", "va": "baseline"} | style
    axes.annotate(text, place, xytext=shift, textcoords="offset points", annotation_clip=False, **style)


def heading(axes: Any, text: str) -> None:
    """What the plot shows, above all else at its left end; labels of versions fit below it."""
    axes.annotate(text, (0, 1), (0, -TEXT), ("figure fraction", "figure fraction"), "offset points",
                  color=INK["ink"], fontsize=TEXT, fontweight="bold", va="baseline", annotation_clip=False)  # fmt: skip


def dot(axes: Any, x: float, y: float, fill: str, edge: str = "card") -> None:
    """A place that matters, above all lines; ``fill`` and ``edge`` are inks."""
    style = {"markerfacecolor": INK[fill], "markeredgecolor": INK[edge], "markeredgewidth": 2, "markersize": 11}
    axes.plot([x], [y], "o", zorder=5, **style)


class Spots(Artist):
    """Places in data coordinates that show a text when they are pointed at."""

    def __init__(self, places: Sequence[tuple[float, float, str]]) -> None:
        super().__init__()
        self._places = places

    def draw(self, renderer: Any) -> None:
        axes: Any = self.axes
        low, high = sorted(axes.get_ylim())
        for x, y, text in self._places:
            place = axes.transData.transform((x, min(high, max(low, y))))
            renderer.draw_spot(*place, text)
