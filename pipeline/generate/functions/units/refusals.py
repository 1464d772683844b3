"""Why a unit was not taken from a file."""

from __future__ import annotations

from pipeline.types import LeftOut


def syntax_error(path: str, name: str, start: int, end: int) -> LeftOut:
    """The grammar cannot read lines ``start`` to ``end``, 1-based and inclusive."""
    return LeftOut(
        "functions", "function", f"{path}::{name}", "syntax_error",
        f"lines {start} to {end}: the grammar cannot read all of it",
    )  # fmt: skip


def too_deep(path: str, name: str, most: int) -> LeftOut:
    """More than ``most`` levels lie in each other."""
    detail = f"more than {most} levels in each other"
    return LeftOut("functions", "function", f"{path}::{name}", "nested_too_deeply", detail)


def template(path: str, name: str, start: int, end: int) -> LeftOut:
    """Lines ``start`` to ``end`` become what they are only when a program has filled them in."""
    return LeftOut(
        "functions", "function", f"{path}::{name}", "template",
        f"lines {start} to {end}: a template: it is checked only when it is filled in",
    )  # fmt: skip
