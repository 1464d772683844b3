"""Patches cut to a readable length, line by line, for the page and the comment."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.report.inert import shortened, visible
from pipeline.report.view import ROLES, PullView
from pipeline.types import Evaluation

MOST_LINES = 200
MOST_COLUMNS = 300


@dataclass(frozen=True)
class Patch:
    """One attempt's patch."""

    role: str
    attempt: int
    score: float
    exit: str
    scripted: bool
    lines: tuple[tuple[str, str], ...]
    """Kind (a added, d removed, h header, c context) and text without its newline."""
    cut: int
    """Lines that are not shown."""


def patches_of(view: PullView) -> list[Patch]:
    """Every patch of the attempts that count, in the order own, base, frontier."""
    cells = [cell for role in ROLES if (cell := view.cells[role])]
    return [_patch(row) for cell in cells for row in cell.attempts if row.patch]


def _patch(row: Evaluation) -> Patch:
    lines = row.patch.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    shown = [shortened(visible(line, keep_lines=True), MOST_COLUMNS) for line in lines[:MOST_LINES]]
    return Patch(
        role=row.role,
        attempt=row.attempt,
        score=row.score,
        exit=row.exit,
        scripted=row.scripted,
        lines=tuple((_kind(line), line) for line in shown),
        cut=max(0, len(lines) - MOST_LINES),
    )


def _kind(line: str) -> str:
    if line.startswith(("diff ", "index ", "--- ", "+++ ", "@@")):
        return "h"
    return {"+": "a", "-": "d"}.get(line[:1], "c")
