"""The plots of the page, as SVG elements that take the page's colours. Drawn with matplotlib.

    course ─┬─ difference, cost (both with versions) ─┐
    view ───┼─ failures ──────────────────────────────┼─ sheet ─ svg (renderer, ink) ─▶ <svg>
    parts ──┼─ by_part───────────────────────────────┤
    months ─┼─ monthly ───────────────────────────────┤
    verdict ┴─ payback ───────────────────────────────┘

Importing this takes matplotlib in, about half a second: only ``page`` does, and only when it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.report.ahead import Ahead
from pipeline.report.months import Month
from pipeline.report.parts import Part
from pipeline.report.plots import cost as costs
from pipeline.report.plots import difference as differences
from pipeline.report.plots.by_part import by_part
from pipeline.report.plots.course import runs
from pipeline.report.plots.failures import failures
from pipeline.report.plots.monthly import monthly
from pipeline.report.plots.payback import payback
from pipeline.report.view import RoleView

__all__ = ["plots"]


def plots(
    verdict: dict[str, Any],
    trace: Sequence[dict[str, Any]],
    *,
    forecast: Ahead | None,
    roles: Sequence[RoleView],
    kinds: Sequence[Part],
    languages: Sequence[Part],
    months: Sequence[Month],
) -> dict[str, list[str]]:
    """Every plot of the page by name, ready to stand in HTML; an empty list where there is nothing to draw."""
    course = runs(trace)
    found: dict[str, list[str | None]] = {
        "difference": [],
        "cost": [],
        "failures": [failures(roles, "failures")],
        "kinds": [by_part(kinds, "kinds", "kind of change")],
        "languages": [by_part(languages, "languages", "language")],
        "months": [monthly(months, "months")],
        "payback": [payback(verdict["cost"], "payback")],
    }
    if course:
        papers = (differences.WIDE, differences.NARROW)
        found["difference"] = [
            differences.difference(course, forecast, paper, f"difference-{i}") for i, paper in enumerate(papers)
        ]
        found["cost"] = [costs.cost(course, paper, f"cost-{i}") for i, paper in enumerate((costs.WIDE, costs.NARROW))]
    return {name: [svg for svg in drawn if svg] for name, drawn in found.items()}
