"""Finding a unit through the tools, and choosing what to change in it."""

from __future__ import annotations

import shlex
from collections.abc import Generator

from pipeline.rollout.scripted.code import Code, Edit
from pipeline.rollout.scripted.conversation import draw
from pipeline.rollout.scripted.hands import Call, Hands, bash
from pipeline.rollout.scripted.units.edits import OFFERS
from pipeline.rollout.scripted.units.formats import Unit, first_line, unit_of
from pipeline.rollout.scripted.units.symptoms import kind_in, named

WINDOW = 40
"""Lines of a unit that are viewed."""

Preparation = Generator[tuple[str, Call], str, "tuple[Code, Edit] | None"]
"""Yields (thought, call), is sent what the call printed, returns the edit and the lines that it is about."""


def unit_in(text: str) -> Unit | None:
    """The unit that a task names first, with its file; None when that is a function's, or none."""
    place = named(text)
    return unit_of(*place) if place else None


def prepare(unit: Unit, text: str, hands: Hands) -> Preparation:
    """Find and view ``unit``; None where it is not found or offers nothing."""
    first = 1
    if unit.format != "shell":
        search = f"grep -niE -- {shlex.quote(first_line(unit))} {shlex.quote(unit.path)}"
        shown = yield f"I look for `{unit.leaf}` in {unit.path}.", bash(f"{search} | head -n {unit.number} | tail -n 1")
        row = shown.split(":", 1)[0].strip()
        if not row.isdigit():
            return None
        first = int(row)
    shown = yield f"I read `{unit.leaf}`.", hands.view(unit.path, first, first + WINDOW)
    lines = hands.lines(shown)
    edit = _choose(unit, text, first, lines) if any(line.strip() for line in lines) else None
    return None if edit is None else (_seen(unit, first, lines), edit)


def _choose(unit: Unit, text: str, first: int, lines: list[str]) -> Edit | None:
    """The edit that the text describes (now and then in other words, or another one), else the first that fits."""
    hint, roll = kind_in(text), draw(text, 10)
    kinds = list(OFFERS)
    if hint is None:
        kinds = kinds if roll else kinds[::-1]
    elif roll < 9:
        kinds = [hint, *kinds]
    variant = int(hint is not None and roll in (7, 8))
    offers = (OFFERS[kind](unit, first, lines, variant) for kind in kinds)
    return next((edit for edit in offers if edit is not None), None)


def _seen(unit: Unit, first: int, lines: list[str]) -> Code:
    return Code(
        path=unit.path,
        name=unit.leaf,
        language=unit.format,
        first=first,
        lines=tuple(lines),
        above="",
        body=first,
        indent="",
        parameters=(),
        complete=False,
    )
