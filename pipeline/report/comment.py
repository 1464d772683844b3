"""The comment on one pull request: read in ten seconds, edited in place, never a notification. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.decide.words import usd
from pipeline.report.formats import duration
from pipeline.report.inert import fenced
from pipeline.report.markdown import cell_text, promise, scripted_note, standing, table
from pipeline.report.meaning import GLYPHS, MEASURES
from pipeline.report.patches import Patch, patches_of
from pipeline.report.view import ROLES, Cell, PullView, role_views

MARKER = "<!-- switchover:pull -->"
"""First line of the comment: how the bot finds its own one again."""

LIMIT = 60_000
"""Most bytes (so most characters too); the forge refuses a body above 65,536."""
_DIFF_LINES = 80
_DIFF_BYTES = 6_000


def comment(view: PullView, verdict: dict[str, Any]) -> str:
    """Markdown for one PR, at most 60,000 bytes of UTF-8; a PR's own texts cannot act in it."""
    text = "\n\n".join(block for block in _blocks(view, verdict) if block) + "\n"
    for patch in patches_of(view):
        fold = _fold(patch)
        if len((text + fold).encode()) <= LIMIT:
            text += fold
    return text


def _blocks(view: PullView, verdict: dict[str, Any]) -> list[str]:
    return [
        MARKER,
        f"{GLYPHS[verdict['state']]} **Switchover: {verdict['state']}.** {standing(verdict)}",
        table(["this pull request", "score", "cost", "time"], [_row(role, view.cells[role]) for role in ROLES]),
        scripted_note(role_views([view])),
        f"<sub>{_footnote(view)} {promise(verdict)}</sub>",
    ]


def _row(role: str, cell: Cell | None) -> Sequence[str]:
    if cell is None:
        return [role, "not run", "–", "–"]
    return [role, cell_text(cell), usd(cell.usd), duration(cell.seconds)]


def _footnote(view: PullView) -> str:
    text = f"{MEASURES[view.measure].capitalize()}, 0 to 1; mean of the attempts."
    return text + (" Backtest: merged before the adapter was made, held out of its training." if view.backtest else "")


def _fold(patch: Patch) -> str:
    lines, size = [], 0
    for _, line in patch.lines[:_DIFF_LINES]:
        size += len(line.encode("utf-8", "replace")) + 1
        if size > _DIFF_BYTES:
            break
        lines.append(line)
    missing = len(patch.lines) + patch.cut - len(lines)
    note = f"\n\n{missing} more lines are not shown." if missing else ""
    name = f"{patch.role}, attempt {patch.attempt + 1}: patch"
    return f"\n<details><summary>{name}</summary>\n\n{fenced(chr(10).join(lines), 'diff')}{note}\n\n</details>\n"


def pull_view_of(views: Sequence[PullView], number: int) -> PullView | None:
    """The view of PR ``number``, the newest where several repositories have one; None when it is unknown."""
    return next((view for view in views if view.number == number), None)
