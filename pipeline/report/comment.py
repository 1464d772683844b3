"""The comment on one pull request: read in ten seconds, edited in place, never a notification. Pure.

The check run beside it says the same, without what only a comment can do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.decide.words import usd
from pipeline.report.formats import duration
from pipeline.report.inert import fenced, inline
from pipeline.report.markdown import cell_text, promise, scripted_note, standing, table
from pipeline.report.meaning import GLYPHS, MEASURES, caution, marked
from pipeline.report.patches import Patch, patches_of
from pipeline.report.people import quoted
from pipeline.report.view import ROLES, Cell, PullView, role_views

MARKER = "<!-- switchover:pull -->"
"""First line of the comment: how the bot finds its own one again."""

LIMIT = 60_000
"""Most bytes (so most characters too); the forge refuses a body above 65,536, of a check run above 65,535."""
_DIFF_LINES = 80
_DIFF_BYTES = 6_000

ASK = (
    "Is that fair? Answer with 👍 or 👎 on this comment, or with `/switchover unfair REASON`. "
    "Answers of people with write access are counted and shown; no score changes by them."
)


@dataclass(frozen=True)
class CheckText:
    """The output of a check run."""

    title: str
    """Plain text, one line."""
    summary: str
    """Markdown, at most 60,000 bytes of UTF-8."""


def comment(view: PullView, verdict: dict[str, Any], *, asks: bool = False) -> str:
    """Markdown for one PR, at most 60,000 bytes of UTF-8; a PR's own texts cannot act in it.

    ``asks``: invite people to say whether the scores are fair; for where somebody listens.
    """
    note = [f"<sub>{ASK}</sub>"] if asks else []
    return _with_folds("\n\n".join((MARKER, *_blocks(view, verdict), *note)), view)


def check_text(view: PullView, verdict: dict[str, Any]) -> CheckText:
    """What the check run of one PR says."""
    scores = ", ".join(f"{role} {_score(cell)}" for role, cell in view.cells.items() if cell)
    return CheckText(f"{verdict['state']}; {scores}", _with_folds("\n\n".join(_blocks(view, verdict)), view))


def _with_folds(text: str, view: PullView) -> str:
    text += "\n"
    for patch in patches_of(view):
        fold = _fold(patch)
        if len((text + fold).encode()) <= LIMIT:
            text += fold
    return text


def _blocks(view: PullView, verdict: dict[str, Any]) -> list[str]:
    said = caution(verdict)
    blocks = [
        f"{GLYPHS[verdict['state']]} **Switchover: {verdict['state']}.** {standing(verdict)}",
        table(["this pull request", "score", "cost", "time"], [_row(role, view.cells[role]) for role in ROLES]),
        _people(view),
        said and f"> **Look first.** {said}",
        scripted_note(role_views([view])),
        f"<sub>{' '.join(_footnote(view))} {promise(verdict)}</sub>",
    ]
    return [block for block in blocks if block]


def _row(role: str, cell: Cell | None) -> Sequence[str]:
    if cell is None:
        return [role, "not run", "–", "–"]
    return [role, cell_text(cell), usd(cell.usd), duration(cell.seconds)]


def _score(cell: Cell) -> str:
    return "void" if cell.score is None else f"{cell.score:.2f}"


def _people(view: PullView) -> str:
    if not view.people.words:
        return ""
    words = quoted(view.people)
    return f"**{view.people.words}**" + (f": {words}" if words else "")


def _footnote(view: PullView) -> Iterator[str]:
    yield f"{MEASURES[view.measure].capitalize()}, 0 to 1; mean of the attempts."
    if view.measure == "recall":
        yield "Fair on average, a poor grade of one."
    if view.backtest:
        yield "Backtest: merged before the adapter was made, held out of its training."
    yield from (inline(marked(mark), 200) for mark in view.marks)


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
