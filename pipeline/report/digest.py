"""The weekly digest: one comment a week, where a comment on each pull request would be too much. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.decide.words import usd
from pipeline.report.inert import inline
from pipeline.report.markdown import cell_text, difference, promise, scripted_note, standing, table, tags
from pipeline.report.meaning import GLYPHS, MEASURES, caution, meaning
from pipeline.report.people import quoted
from pipeline.report.view import ROLES, PullView, role_views

MARKER = "<!-- switchover:digest -->"
"""First line of the issue that the digests are comments on: how the bot finds its own one again."""

TITLE = "Switchover: weekly digest"

BODY = (
    f"{MARKER}\nOnce a week, if pull requests were evaluated in it, a comment here tells how the team's own model did "
    "beside its untrained base and the frontier model, and where the repository stands.\n\n"
    "Close this issue to end the digests; open it again to have them back. `report.comment` in "
    "`.github/switchover.yml` chooses between `every_pull`, `weekly` and `never`.\n"
)

MOST_PULLS = 100


@dataclass(frozen=True)
class Week:
    """Monday to Sunday in UTC."""

    monday: datetime.date

    @property
    def name(self) -> str:
        """ISO 8601, such as 2026-W48."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def start(self) -> str:
        return f"{self.monday.isoformat()}T00:00:00Z"

    @property
    def end(self) -> str:
        """The first moment after it."""
        return f"{(self.monday + datetime.timedelta(7)).isoformat()}T00:00:00Z"


def last_week(now: datetime.datetime) -> Week:
    """The newest that is over at ``now``."""
    today = now.astimezone(datetime.UTC).date()
    return Week(today - datetime.timedelta(today.weekday() + 7))


def digest(views: Sequence[PullView], verdict: dict[str, Any], week: Week) -> str:
    """Markdown about ``week``: ``views`` are its PRs, newest first, one at the least."""
    return "\n\n".join(block for block in _blocks(views, verdict, week) if block) + "\n"


def _blocks(views: Sequence[PullView], verdict: dict[str, Any], week: Week) -> Iterator[str]:
    days, state = f"{week.monday} to {week.monday + datetime.timedelta(6)}", verdict["state"]
    yield f"{GLYPHS[state]} **Switchover, {days}: {state}.** {standing(verdict)}"
    yield meaning(verdict)
    yield scripted_note(role_views(views))
    yield caution(verdict)
    yield table(["pull request", *ROLES, "own − frontier"], [_row(view) for view in views[:MOST_PULLS]])
    yield f"{len(views) - MOST_PULLS} more are in the report." if len(views) > MOST_PULLS else ""
    yield _together(views)
    yield _people(views)
    yield f"<sub>{'; '.join(_measures(views)).capitalize()}. {promise(verdict)}</sub>"


def _row(view: PullView) -> list[str]:
    name = f"`{view.number}` {inline(view.title, 80)}".strip() + tags(view)
    return [name, *(cell_text(view.cells[role]) for role in ROLES), difference(view)]


def _measures(views: Sequence[PullView]) -> list[str]:
    return sorted({MEASURES[view.measure] for view in views})


def _together(views: Sequence[PullView]) -> str:
    """What the week's attempts have cost, role by role."""
    parts = []
    for role in ROLES:
        cells = [cell for view in views if (cell := view.cells[role])]
        costs = [cell.usd * len(cell.attempts) for cell in cells if cell.usd is not None]
        if cells and len(costs) == len(cells):
            parts.append(f"{role} {usd(sum(costs))}")
    count = f"{len(views)} pull request{'s' * (len(views) > 1)}"
    return f"{count} evaluated." + (f" Spent on them: {', '.join(parts)}." if parts else "")


def _people(views: Sequence[PullView]) -> str:
    said = [view for view in views if view.people.words]
    lines = [f"- `{view.number}`: {view.people.words}{_reasons(view)}" for view in said]
    return "\n".join(["**What people say of the scores:**", "", *lines]) if lines else ""


def _reasons(view: PullView) -> str:
    words = quoted(view.people)
    return f": {words}" if words else ""
