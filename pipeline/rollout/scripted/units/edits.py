"""What is changed in a unit: a note, or a small thing that such units often lack. The file stays valid."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from pipeline.rollout.scripted.code import Edit
from pipeline.rollout.scripted.units.formats import COMMENTS, Unit

Lines = list[str]
Offer = Callable[[Unit, int, Lines, int], Edit | None]
"""Unit, 1-based number of its first line, lines from there on, variant 0 or 1; None where there is nothing to do."""

_UNDERLINE = re.compile(r"([=\-~^\"'*+#.])\1{2,}$")
_FENCE = re.compile(r"(```|~~~|-{4}|\.{4}|={4})")


def note(unit: Unit, first: int, lines: Lines, variant: int) -> Edit | None:
    """A line that says what the unit is."""
    said = f"{unit.leaf} is part of {PurePosixPath(unit.path).name}" if variant else f"This is about {unit.leaf}"
    if unit.format == "document":
        row = _paragraph(lines)
        return _insert("note", unit, first + row, (f"{said}.", "")) if row else None
    row = 1 if lines[0].startswith("#!") else 0
    margin = re.match(r"\s*", lines[row] if row < len(lines) else "")
    return _insert("note", unit, first + row, (f"{margin[0] if margin else ''}{COMMENTS[unit.format]}{said}.",))


def repeatable(unit: Unit, first: int, lines: Lines, variant: int) -> Edit | None:
    """A statement that can be run twice: IF NOT EXISTS, IF EXISTS."""
    made = re.match(r"(\s*create (?:unique )?(?:table|index|schema|sequence) )(?!if |concurrently)(.+)", lines[0], re.I)
    dropped = re.match(r"(\s*drop \w+ )(?!if )(.+)", lines[0], re.I)
    found = made or dropped
    if unit.format != "sql" or found is None or re.match(r"on\b", found[2], re.I):
        return None
    words = "IF NOT EXISTS " if made else "IF EXISTS "
    line = found[1] + (words if found[1].isupper() else words.lower()) + found[2]
    return Edit("repeatable", unit.leaf, "It fails the second time. I let it pass.", first, first, (line,))


def described(unit: Unit, first: int, lines: Lines, variant: int) -> Edit | None:
    """A description for a variable or an output."""
    body = lines[1 : next((row for row, line in enumerate(lines) if line.startswith("}")), 0)]
    is_setting = re.match(r"(variable|output)\b.*\{\s*$", lines[0])
    if unit.format != "hcl" or not body or not is_setting or any(re.match(r"\s*description\s*=", x) for x in body):
        return None
    words = unit.leaf.replace("_", " ")
    text = f"Value of {words}" if variant else words[:1].upper() + words[1:]
    return _insert("described", unit, first + 1, (f'  description = "{text}"',))


def bounded(unit: Unit, first: int, lines: Lines, variant: int) -> Edit | None:
    """A time limit for a job of a workflow."""
    row = next((row for row, line in enumerate(lines) if re.match(r"\s+runs-on:", line)), 0)
    if unit.format != "yaml" or not 0 < row < 4 or any("timeout-minutes" in line for line in lines):
        return None
    margin = re.match(r"\s*", lines[row])
    return _insert(
        "bounded", unit, first + row, (f"{margin[0] if margin else ''}timeout-minutes: {60 if variant else 30}",)
    )


def strict(unit: Unit, first: int, lines: Lines, variant: int) -> Edit | None:
    """A script that ends with its first failure."""
    row = next((row for row, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    if unit.format != "shell" or not row or any(re.match(r"\s*set -|.*\\$", line) for line in lines[: row + 3]):
        return None
    return _insert("strict", unit, first + row, ("set -e" if variant else "set -eu", ""))


OFFERS: dict[str, Offer] = {
    "repeatable": repeatable,
    "described": described,
    "bounded": bounded,
    "strict": strict,
    "note": note,
}
"""Kind to edit; a note fits nearly everything, so it comes last."""


def _insert(kind: str, unit: Unit, at: int, lines: tuple[str, ...]) -> Edit:
    thought = {"note": "Nothing says what this is.", "strict": "It goes on after a failure."}.get(
        kind, "It lacks this."
    )
    return Edit(kind, unit.leaf, f"{thought} I add a line.", at, at - 1, lines)


def _paragraph(lines: Lines) -> int:
    """Row below the heading, after a blank line, where a sentence may stand; 0 where a listing is in the way."""
    row = 2 if len(lines) > 1 and _UNDERLINE.match(lines[1]) else 1
    while row < len(lines) and lines[row].strip():
        if _FENCE.match(lines[row]):
            return 0
        row += 1
    while row < len(lines) and not lines[row].strip():
        row += 1
    return row if row < len(lines) and not lines[row][0].isspace() else 0
