"""How attempts failed: the share of each role's attempts, by cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.plots.ink import INK
from pipeline.report.plots.sheet import Paper, drawn, heading, note, sheet
from pipeline.report.view import RoleView

_BAR, _GAP = 14, 12
"""Height of a bar, and between causes; pixels."""


def failures(roles: Sequence[RoleView], name: str) -> str | None:
    """The SVG, all exits but "submitted"; None when every attempt was submitted."""
    causes = _causes(roles)
    if not causes:
        return None
    shares: dict[str, list[float]] = {
        role.role: [100 * role.exits.get(c, 0) / sum(role.exits.values()) for c in causes] for role in roles
    }
    row = _BAR * len(roles) + _GAP
    with sheet(Paper(360, 44 + row * len(causes), 104, 40, 34, 10)) as (figure, axes):
        axes.set_xlim(0, max(map(max, shares.values())))
        axes.set_ylim(row * len(causes), 0)
        axes.grid(False)
        for place, (role, values) in enumerate(shares.items()):
            _bars(axes, role, values, [row * i + (_GAP + _BAR) / 2 + _BAR * place for i in range(len(causes))])
        axes.set_xticks([])
        axes.set_yticks([row * (i + 0.5) for i in range(len(causes))], [cause.replace("_", " ") for cause in causes])
        heading(axes, "Share of attempts, percent")
        return drawn(figure, name, "Attempts that failed, by cause and role", summary(shares, causes), "small-plot")


def summary(shares: Mapping[str, Sequence[float]], causes: Sequence[str]) -> str:
    """What the plot shows, in words; shares in percent."""
    return "; ".join(f"{role}: {_told(values, causes)}" for role, values in shares.items()) + "."


def _told(values: Sequence[float], causes: Sequence[str]) -> str:
    return ", ".join(f"{cause.replace('_', ' ')} {value:.1f}%" for cause, value in zip(causes, values, strict=True))


def _causes(roles: Sequence[RoleView]) -> list[str]:
    """Most frequent first over all roles."""
    counts: Counter[str] = Counter()
    for role in roles:
        counts.update({cause: n for cause, n in role.exits.items() if cause != "submitted"})
    return sorted(counts, key=lambda cause: (-counts[cause], cause))


def _bars(axes: Any, role: str, values: Sequence[float], places: Sequence[float]) -> None:
    axes.barh(places, values, _BAR - 3, color=INK[role], linewidth=0)
    for value, place in zip(values, places, strict=True):
        text = f"{value:.0f}" if value >= 0.95 or not value else f"{value:.1f}"
        note(axes, text, (value, place), (5, -4), color=INK[role], fontweight="bold")
