"""Numbers along the axes: points, dollars, counts."""

from __future__ import annotations

from typing import Any

from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.decide.words import points, usd


def in_points(axis: Any, most: int) -> None:
    """Shares as signed points, at most ``most`` steps."""
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda share, _: signed(share)))


def in_dollars(axis: Any, most: int) -> None:
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda amount, _: dollars(amount)))


def in_counts(axis: Any, most: int) -> None:
    axis.set_major_locator(MaxNLocator(most, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))


def signed(share: float) -> str:
    """A share as points with its sign, a real minus: +3, −0.5, 0."""
    return points(share, True).replace("-", "−")


def dollars(amount: float) -> str:
    """A round amount: $0, $0.5, −$20, $1,500."""
    return "$0" if abs(amount) < 1e-9 else usd(amount).removesuffix(".00").replace("-", "−")
