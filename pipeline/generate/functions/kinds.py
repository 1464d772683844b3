"""The kinds of units: what a team asks for in ``generate.kinds``, and what each stands for. Pure."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.errors import InputError

KINDS: dict[str, str] = {
    "function": "functions and methods of programming languages",
    "section": "sections of documents",
    "block": "blocks of SQL, HCL, YAML and shell",
    "module": "modules of hardware designs",
}
"""Kind to what it is made of, in the order in which they are shown."""

FUNCTIONS = ("function",)
"""What is listed unless another kind is asked for."""


def asked_for(kind: str) -> str:
    """The kind that yields a unit of ``kind``: methods come with functions."""
    return "function" if kind == "method" else kind


def check_kinds(kinds: Collection[str]) -> frozenset[str]:
    """``kinds`` as a set. Raises InputError for none, and for one that is not known."""
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
        what = f"kind {unknown[0]!r} is not known" if unknown else "no kind of unit was asked for"
        raise InputError(f"{what}; give one or more of {', '.join(KINDS)}")
    return frozenset(kinds)
