"""report.html: one self-contained file, no script, no resource from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline import __version__
from pipeline.decide.words import points, sentence, usd
from pipeline.report.inert import script_json, visible
from pipeline.report.meaning import GLYPHS, LEFT_OUT, MEASURES, TONES, meaning
from pipeline.report.patches import Patch, patches_of
from pipeline.report.plot import plot
from pipeline.report.view import PullView, pull_views, role_views
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation, to_json

Verdict = dict[str, Any]

MOST_PULLS = 300
"""Rows in the table; the records hold all."""
WIDE, NARROW = 1000, 420
"""Units across the plot on a desk and on a phone."""


def page(
    evaluations: Sequence[Evaluation],
    verdict: Verdict,
    trace: Sequence[Verdict],
    *,
    title: str,
    sha256: str,
    settings: DecideConfig | None = None,
) -> str:
    """The whole page. ``trace``: the verdict after every PR, for the plot; ``sha256`` of the evaluations."""
    views = pull_views(evaluations)
    shown = views[:MOST_PULLS]
    roles = role_views(views)
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            title=visible(title),
            v=verdict,
            tone=TONES[verdict["state"]],
            glyph=GLYPHS[verdict["state"]],
            meaning=meaning(verdict),
            sentence=_capital(sentence(verdict)),
            measure=MEASURES[verdict["measure"]],
            scripted=[role.role for role in roles if role.scripted],
            roles=roles,
            exits=list(dict.fromkeys(name for role in roles for name in sorted(role.exits, key=_exit_order))),
            pulls=shown,
            pull_count=len(views),
            several_repos=len({view.repo for view in views}) > 1,
            patches=_patches(shown),
            left_out=left_out(verdict),
            epochs=epochs(trace),
            wide=plot(trace, WIDE),
            narrow=plot(trace, NARROW),
            settings=settings or DecideConfig(),
            version=__version__,
            sha256=sha256,
            css=Markup(resources.files(__package__).joinpath("templates/page.css").read_text("utf-8")),  # noqa: S704
            data=Markup(script_json([_record(row) for row in evaluations])),  # noqa: S704
        )
    )


def _exit_order(name: str) -> tuple[bool, bool, str]:
    return (name != "submitted", name == "error", name)


def _record(row: Evaluation) -> dict[str, Any]:
    return {key: value for key, value in to_json(row).items() if key != "patch"}


def left_out(verdict: Verdict) -> list[tuple[str, int, str]]:
    """Reason code, count, and what it means, for everything that takes no part in the verdict."""
    counts = {"void": verdict["void"], **verdict["left_out"]}
    return [(reason, count, LEFT_OUT[reason]) for reason, count in counts.items() if count]


def epochs(trace: Sequence[Verdict]) -> list[Verdict]:
    """The last verdict of every epoch."""
    last: dict[int, Verdict] = {line["epoch"]["number"]: line for line in trace}
    return list(last.values())


def _patches(views: Sequence[PullView]) -> dict[str, list[Patch]]:
    found = {}
    room = 2_000_000
    for view in views:
        patches = patches_of(view)
        room -= sum(len(line) for patch in patches for _, line in patch.lines)
        if room < 0:
            break
        if patches:
            found[view.anchor] = patches
    return found


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
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
    return environment


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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
