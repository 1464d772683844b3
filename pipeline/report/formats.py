"""How the page's templates write numbers, and where they are. Pure."""

from __future__ import annotations

import jinja2

from pipeline.decide.words import points, usd
from pipeline.report.inert import visible


def environment() -> jinja2.Environment:
    """Templates of this package, everything escaped, with filters for numbers."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    found.filters |= {
        "usd": usd,
        "pts": points,
        "pts_signed": lambda value: "–" if value is None else points(value, True),
        "share": lambda value: "–" if value is None else f"{100 * value:.1f}",
        "signed": lambda value: f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00",
        "number": _number,
        "steps": lambda value: "–" if value is None else f"{value:.0f}",
        "duration": duration,
        "visible": visible,
    }
    return found


def _number(value: float) -> str:
    """Three digits that matter, without an exponent: 5, 2.5, 0.417, 97.5, 1,280."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1g}"


def duration(seconds: float | None) -> str:
    """A time span for people: 33 s, 4 min 12 s, 1 h 05 min."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
