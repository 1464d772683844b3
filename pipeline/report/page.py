"""report.html: one self-contained file, no script, no resource from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from markupsafe import Markup

from pipeline import __version__
from pipeline.decide import Options
from pipeline.decide.words import sentence
from pipeline.report.ahead import ahead
from pipeline.report.formats import environment
from pipeline.report.inert import script_json, visible
from pipeline.report.meaning import GLYPHS, LEFT_OUT, MEASURES, TONES, caution, marked, meaning
from pipeline.report.months import months
from pipeline.report.outlook import break_even, distance, outlook
from pipeline.report.parts import by_kind, by_language, routed_to_own
from pipeline.report.patches import Patch, patches_of
from pipeline.report.people import people
from pipeline.report.view import PullView, RoleView, pull_views, role_views
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation, Opinion, to_json

Verdict = dict[str, Any]

MOST_PULLS = 300
"""Rows in the table; the records hold all."""


@dataclass(frozen=True)
class Basis:
    """What a verdict was made with, besides the evaluations, and what is known about its versions."""

    settings: DecideConfig = field(default_factory=DecideConfig)
    options: Options = field(default_factory=Options)
    trained_until: Mapping[str, str] = field(default_factory=dict)
    """By adapter: time (ISO, UTC) of the newest code that it was trained on; absent where it is not known."""
    changes: Sequence[Mapping[str, Any]] = ()
    """Every change of state, oldest first, as in transition.json."""
    records: tuple[str, ...] = ()
    """Files beside the page that it links to."""
    agreement: Mapping[str, Any] | None = None
    """How well soft scores predict hard ones (``pipeline.evaluate.agreement``); None where they are not compared."""


def page(
    evaluations: Sequence[Evaluation],
    verdict: Verdict,
    trace: Sequence[Verdict],
    *,
    title: str,
    sha256: str,
    basis: Basis | None = None,
    opinions: Sequence[Opinion] = (),
) -> str:
    """The whole page. ``trace``: the verdict after every PR, for the plots; ``sha256`` of the evaluations."""
    basis = basis or Basis()
    views = pull_views(evaluations, opinions)
    shown = views[:MOST_PULLS]
    roles = role_views(views)
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            title=visible(title),
            v=verdict,
            tone=TONES[verdict["state"]],
            tones=TONES,
            glyph=GLYPHS[verdict["state"]],
            glyphs=GLYPHS,
            meaning=meaning(verdict),
            caution=caution(verdict),
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
            people=people(opinions),
            sealed=sum(view.sealed for view in views),
            marks={mark: marked(mark) for view in shown for mark in view.marks},
            agreement=basis.agreement if basis.agreement and basis.agreement["n"] else None,
            changes=basis.changes,
            epochs=versions(trace),
            trained_until=basis.trained_until,
            records=basis.records,
            settings=basis.settings,
            version=__version__,
            sha256=sha256,
            css=Markup(resources.files(__package__).joinpath("templates/page.css").read_text("utf-8")),  # noqa: S704
            data=Markup(script_json([_record(row) for row in evaluations])),  # noqa: S704
            **_drawn(evaluations, verdict, trace, roles, basis),
        )
    )


def _drawn(
    evaluations: Sequence[Evaluation],
    verdict: Verdict,
    trace: Sequence[Verdict],
    roles: Sequence[RoleView],
    basis: Basis,
) -> dict[str, Any]:
    """The plots, and what is said about the future beside them."""
    from pipeline.report.plots import plots  # brings matplotlib, which no other verb needs

    forecast = ahead(verdict, trace, evaluations)
    parts = by_kind(evaluations, basis.settings, basis.options)
    how_far, meant = distance(verdict, forecast)
    return {
        "forecast": forecast,
        "outlook": outlook(verdict, forecast),
        "distance": how_far,
        "distance_note": meant,
        "break_even": break_even(verdict),
        "parts": parts,
        "to_own": routed_to_own(parts),
        "plots": plots(
            verdict,
            trace,
            forecast=forecast,
            roles=roles,
            kinds=parts,
            languages=by_language(evaluations, basis.settings, basis.options),
            months=months(evaluations, trace),
        ),
    }


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


@dataclass(frozen=True)
class Version:
    """One epoch: when its first PR was judged, and the verdict after its last one."""

    first_at: str
    last: Verdict


def versions(trace: Sequence[Verdict]) -> list[Version]:
    """Every epoch, oldest first."""
    first: dict[int, str] = {}
    for line in trace:
        first.setdefault(line["epoch"]["number"], line["pull"]["at"])
    return [Version(first[last["epoch"]["number"]], last) for last in epochs(trace)]


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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
