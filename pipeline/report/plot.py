"""The picture of a verdict: geometry only. ``templates/plot.svg.jinja`` draws it.

Drawn by hand rather than by a plotting library: the page's own colours make it light or dark,
text stays text, and a million bytes of glyph outlines stay out of every report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.decide.words import points, usd

Verdict = dict[str, Any]

_MOST_POINTS = 700
"""Points per line; more are thinned evenly."""
_MOST_HOVERS = 400


@dataclass(frozen=True)
class Mark:
    """A labelled position along an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Run:
    """One epoch's lines; evidence never crosses an epoch, so neither do they."""

    mean: str
    """SVG path data."""
    band: str
    own_cost: str
    frontier_cost: str


@dataclass(frozen=True)
class Hover:
    """One PR: a place that shows its numbers when pointed at."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Plot:
    """Everything the template needs, in user units."""

    width: int
    left: int
    right: int
    top: int
    quality_bottom: int
    cost_top: int
    cost_bottom: int
    height: int
    runs: tuple[Run, ...]
    epochs: tuple[Mark, ...]
    x_ticks: tuple[Mark, ...]
    y_ticks: tuple[Mark, ...]
    cost_ticks: tuple[Mark, ...]
    zero: float
    margin_line: float
    proof: tuple[float, float, str] | None
    hovers: tuple[Hover, ...]
    own_end: Mark | None
    frontier_end: Mark | None
    mean_end: Mark | None
    summary: str


def plot(trace: Sequence[Verdict], width: int) -> Plot | None:
    """The geometry for a trace, ``width`` units wide; None when no PR counts yet."""
    lines = [line for line in trace if line["n"] and line["pull"]["difference"] is not None]
    if not lines:
        return None
    frame = _Frame(width, lines)
    epochs = _split(lines)
    own_end, frontier_end = frame.cost_ends()
    return Plot(
        width=width,
        left=frame.left,
        right=frame.right,
        top=frame.top,
        quality_bottom=frame.quality_bottom,
        cost_top=frame.cost_top,
        cost_bottom=frame.cost_bottom,
        height=frame.cost_bottom + 34,
        runs=tuple(frame.run(start, run) for start, run in epochs),
        epochs=tuple(Mark(frame.x(start), _epoch_label(run[0], width)) for start, run in epochs[1:]),
        x_ticks=tuple(Mark(frame.x(n - 1), str(n)) for n in _round_steps(1, len(lines), 6 if width < 600 else 10)),
        y_ticks=tuple(Mark(frame.y(v / 100), _signed(v)) for v in frame.quality_ticks()),
        cost_ticks=tuple(Mark(frame.cost(v), f"${v:g}") for v in frame.money_ticks()),
        zero=frame.y(0),
        margin_line=frame.y(-lines[-1]["margin"]),
        proof=frame.proof(epochs[-1]),
        hovers=frame.hovers(),
        own_end=own_end,
        frontier_end=frontier_end,
        mean_end=Mark(frame.y(lines[-1]["mean_difference"]), points(lines[-1]["mean_difference"], True)),
        summary=_summary(lines[-1]),
    )


def _summary(last: Verdict) -> str:
    low, high = points(last["low"], True), points(last["high"], True)
    mean = points(last["mean_difference"], True)
    return f"Mean difference of own to frontier after {last['n']} pull requests: {mean} points, band {low} to {high}."


def _signed(value: int) -> str:
    return "0" if value == 0 else f"{value:+d}".replace("-", "−")


def _epoch_label(line: Verdict, width: int) -> str:
    adapter = line["epoch"]["adapter"]
    name = f" {adapter[:8]}" if adapter and width >= 600 else ""
    return f"epoch {line['epoch']['number']}{name}"


def _split(lines: Sequence[Verdict]) -> list[tuple[int, list[Verdict]]]:
    runs: list[tuple[int, list[Verdict]]] = []
    for index, line in enumerate(lines):
        if not runs or runs[-1][1][-1]["epoch"]["number"] != line["epoch"]["number"]:
            runs.append((index, []))
        runs[-1][1].append(line)
    return runs


def _round_steps(start: int, stop: int, most: int) -> list[int]:
    """Round numbers inside start..stop, at most ``most`` of them, with ``start`` first."""
    span = max(1, stop - start)
    step = next(s * 10**e for e in range(9) for s in (1, 2, 5) if span / (s * 10**e) <= most)
    return [start, *(n for n in range(step, stop + 1, step) if n - start >= step / 2)]


class _Frame:
    """Scales: from PR index, score difference and dollars to user units."""

    def __init__(self, width: int, lines: Sequence[Verdict]) -> None:
        self.lines = lines
        wide = width >= 600
        self.left, self.right = (58, width - 74) if wide else (46, width - 66)
        self.top, self.quality_bottom = 44, 320 if wide else 270
        self.cost_top, self.cost_bottom = self.quality_bottom + 62, self.quality_bottom + (192 if wide else 182)
        self.reach = self._reach()
        self.money = self._money_range()

    def _reach(self) -> float:
        """Half the height of the quality axis, a share: the last band fits, the first wild ones are cut."""
        last = self.lines[-1]
        settled = [abs(line["mean_difference"]) for line in self.lines if line["n"] >= 8]
        widest: float = max([abs(last["low"]), abs(last["high"]), 2 * last["margin"], *settled])
        return min(1.0, max(0.15, math.ceil(widest * 1.12 * 20) / 20))

    def x(self, index: float) -> float:
        return round(self.left + (self.right - self.left) * (index + 0.5) / len(self.lines), 2)

    def y(self, share: float) -> float:
        clipped = min(self.reach, max(-self.reach, share))
        return round(self.top + (self.quality_bottom - self.top) * (self.reach - clipped) / (2 * self.reach), 2)

    def quality_ticks(self) -> list[int]:
        step = next(s for s in (5, 10, 20, 50) if 100 * self.reach / s <= 4)
        most = int(100 * self.reach) // step * step
        return list(range(-most, most + 1, step))

    def _costs(self, role: str) -> list[float]:
        return [line[role]["usd_per_solved"] for line in self.lines if line[role]["usd_per_solved"]]

    def _money_range(self) -> tuple[float, float] | None:
        costs = self._costs("own") + self._costs("frontier")
        if not costs:
            return None
        low, high = math.log10(min(costs)), math.log10(max(costs))
        space = max(0.15, 0.08 * (high - low))
        return low - space, high + space

    def money_ticks(self) -> list[float]:
        if self.money is None:
            return []
        low, high = self.money
        exponents = range(math.floor(low), math.ceil(high) + 1)
        values = [s * 10.0**e for e in exponents for s in (1, 2, 5) if low <= math.log10(s * 10.0**e) <= high]
        decades = [value for value in values if math.isclose(math.log10(value) % 1, 0, abs_tol=1e-9)]
        return values if len(values) <= 6 else decades or values[:6]

    def cost(self, amount: float) -> float:
        assert self.money is not None
        low, high = self.money
        share = (math.log10(amount) - low) / (high - low)
        return round(self.cost_bottom - (self.cost_bottom - self.cost_top) * share, 2)

    def cost_ends(self) -> tuple[Mark | None, Mark | None]:
        """Where the two cost lines end, pushed apart so that their labels do not overlap."""
        last = self.lines[-1]
        amounts = [last[role]["usd_per_solved"] for role in ("own", "frontier")]
        marks = [Mark(self.cost(amount), usd(amount)) if amount else None for amount in amounts]
        own, frontier = marks
        if own and frontier and abs(own.at - frontier.at) < 14:
            middle = (own.at + frontier.at) / 2
            sign = 1 if own.at >= frontier.at else -1
            return Mark(middle + 8 * sign, own.label), Mark(middle - 8 * sign, frontier.label)
        return own, frontier

    def run(self, start: int, lines: Sequence[Verdict]) -> Run:
        kept = _thinned(lines)
        high = [(self.x(start + i), self.y(line["high"])) for i, line in kept]
        low = [(self.x(start + i), self.y(line["low"])) for i, line in kept]
        return Run(
            mean=_path([(self.x(start + i), self.y(line["mean_difference"])) for i, line in kept]),
            band=_path(high + low[::-1]) + "Z",
            own_cost=self._cost_path(start, kept, "own"),
            frontier_cost=self._cost_path(start, kept, "frontier"),
        )

    def _cost_path(self, start: int, kept: Sequence[tuple[int, Verdict]], role: str) -> str:
        amount: Callable[[Verdict], float | None] = lambda line: line[role]["usd_per_solved"]  # noqa: E731
        return _path([(self.x(start + i), self.cost(value)) for i, line in kept if (value := amount(line))])

    def proof(self, epoch: tuple[int, Sequence[Verdict]]) -> tuple[float, float, str] | None:
        """Where the lower edge first left the margin, with its label."""
        start, lines = epoch
        latch = lines[-1]["latched"].get("noninferior")
        if latch is None:
            return None
        index = next(i for i, line in enumerate(lines) if line["n"] == latch["n"])
        return self.x(start + index), self.y(lines[index]["low"]), f"shown after {latch['n']} PRs"

    def hovers(self) -> tuple[Hover, ...]:
        if len(self.lines) > _MOST_HOVERS:
            return ()
        return tuple(
            Hover(self.x(i), self.y(line["mean_difference"]), _hover_text(line)) for i, line in enumerate(self.lines)
        )


def _hover_text(line: Verdict) -> str:
    pull = line["pull"]
    return (
        f"PR #{pull['number']}: own {pull['own']:.2f}, frontier {pull['frontier']:.2f}; "
        f"mean so far {points(line['mean_difference'], True)} ({points(line['low'], True)} to "
        f"{points(line['high'], True)})"
    )


def _thinned(lines: Sequence[Verdict]) -> list[tuple[int, Verdict]]:
    every = max(1, len(lines) // _MOST_POINTS)
    return [(i, line) for i, line in enumerate(lines) if i % every == 0 or i == len(lines) - 1]


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in places) if places else ""
