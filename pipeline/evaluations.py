"""Reading evaluations.jsonl: every row is checked before anything is judged by it."""

from __future__ import annotations

import dataclasses
import math
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import jsonl
from pipeline.errors import InputError
from pipeline.types import Evaluation, Exit, Measure

ROLES = frozenset({"own", "base", "frontier"})
EXITS = frozenset(typing.get_args(Exit))
MEASURES = frozenset(typing.get_args(Measure))
REQUIRED = tuple(
    f.name
    for f in dataclasses.fields(Evaluation)
    if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
)
"""Fields that a row must have; all others have defaults."""

KNOWN = frozenset(f.name for f in dataclasses.fields(Evaluation))


def rows(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Every row of every file, checked. Raises InputError naming file, line, field and value."""
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file; give the evaluations.jsonl that 'switchover evaluate' wrote")
        for position, row in enumerate(jsonl.read(path)):
            if not _is_sound(row) and (fault := fault_of(row)):
                raise InputError(f"{path}:{_line_of(path, position)}: {fault}; mend or remove that line")
            yield row


def read(paths: Sequence[Path]) -> Iterator[Evaluation]:
    """Every row as an Evaluation; see ``rows``."""
    return map(evaluation, rows(paths))


def evaluation(row: Mapping[str, Any]) -> Evaluation:
    """The Evaluation of a checked row; unknown keys are dropped.

    Filled without ``__init__``, whose thirty guarded assignments would be most of the time spent
    on a million rows.
    """
    noun = object.__new__(Evaluation)
    values = {**_DEFAULTS, **row}
    if len(values) > len(KNOWN):
        values = {key: value for key, value in values.items() if key in KNOWN}
    for name in _LISTS:
        values[name] = tuple(values[name])
    noun.__dict__.update(values)
    return noun


_LISTS = tuple(f.name for f in dataclasses.fields(Evaluation) if f.default == ())
"""Fields that are lists in JSON and tuples in Python."""

_CONTRACT_FIELDS = len(REQUIRED) + 1
"""Those that a row must have, and cheat_marks."""

_LISTS = tuple(f.name for f in dataclasses.fields(Evaluation) if f.default == ())
"""Fields that are lists in JSON and tuples in Python."""

_DEFAULTS = {f.name: f.default for f in dataclasses.fields(Evaluation) if f.default is not dataclasses.MISSING}


def _is_sound(row: Mapping[str, Any]) -> bool:
    """Whether the contract's fields are right and no other is there: the quick way past ``fault_of``."""
    try:
        return (
            len(row) == _CONTRACT_FIELDS
            and type(row["score"]) in _NUMBERS
            and 0 <= row["score"] <= 1
            and row["role"] in ROLES
            and row["measure"] in MEASURES
            and row["exit"] in EXITS
            and type(row["at"]) is type(row["repo"]) is type(row["model"]) is type(row["task_id"]) is str
            and bool(row["at"] and row["repo"] and row["model"])
            and type(row["number"]) is type(row["attempt"]) is int
            and type(row["tokens_in"]) is type(row["tokens_out"]) is type(row["tokens_cached"]) is int
            and min(row["number"], row["attempt"], row["tokens_in"], row["tokens_out"], row["tokens_cached"]) >= 0
            and (row["adapter"] is None or type(row["adapter"]) is str)
            and (row["cost_usd"] is None or (type(row["cost_usd"]) in _NUMBERS and 0 <= row["cost_usd"] < math.inf))
            and type(row["seconds"]) in _NUMBERS
            and 0 <= row["seconds"] < math.inf
            and row["cheat_marks"] == []
        )
    except (KeyError, TypeError):
        return False


def fault_of(row: Mapping[str, Any]) -> str | None:
    """What is wrong with a row, as the first half of an error message; None when nothing is."""
    for name, (is_right, expected) in _CHECKS.items():
        try:
            value = row[name]
        except KeyError:
            if name in _DEFAULTS:
                continue
            return f"field {name!r} is missing"
        if not is_right(value):
            return f"field {name!r} is {_shown(value)}, expected {expected}"
    return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_share(value: Any) -> bool:
    return type(value) in _NUMBERS and 0 <= value <= 1


def _is_amount(value: Any) -> bool:
    return type(value) in _NUMBERS and 0 <= value < math.inf


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_name(value: Any) -> bool:
    return type(value) is str and value != ""


def _or_null(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(type(item) is str for item in value)


def _one_of(words: frozenset[str]) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and value in words


_NUMBERS = (float, int)
_AMOUNT = "a number from 0 up"
_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "score": (_is_share, "a number from 0 to 1"),
    "role": (_one_of(ROLES), "own, base or frontier"),
    "at": (_is_name, "a time such as 2026-01-31T12:00:00Z"),
    "repo": (_is_name, "owner/name"),
    "number": (_is_count, "the number of a pull request"),
    "task_id": (_is_text, "a text"),
    "model": (_is_name, "the name of a model"),
    "adapter": (_or_null(_is_text), "the hash of an adapter or null"),
    "attempt": (_is_count, "a whole number from 0 up"),
    "measure": (_one_of(MEASURES), "tests or recall"),
    "exit": (_one_of(EXITS), "one of " + ", ".join(typing.get_args(Exit))),
    "tokens_in": (_is_count, "a whole number from 0 up"),
    "tokens_out": (_is_count, "a whole number from 0 up"),
    "tokens_cached": (_is_count, "a whole number from 0 up"),
    "seconds": (_is_amount, _AMOUNT),
    "cost_usd": (_or_null(_is_amount), _AMOUNT + " or null"),
    "cheat_marks": (_is_texts, "a list of texts"),
    "marks": (_is_texts, "a list of texts"),
    "tool_calls": (_is_count, "a whole number from 0 up"),
    "malformed_calls": (_is_count, "a whole number from 0 up"),
    "steps": (_is_count, "a whole number from 0 up"),
    "precision": (_or_null(_is_share), "a number from 0 to 1 or null"),
    "f1": (_or_null(_is_share), "a number from 0 to 1 or null"),
    "file_recall": (_or_null(_is_share), "a number from 0 to 1 or null"),
    "backtest": (lambda value: type(value) is bool, "true or false"),
    "scripted": (lambda value: type(value) is bool, "true or false"),
    "rollout_id": (_is_text, "a text"),
    "patch": (_is_text, "a text"),
    "title": (_is_text, "a text"),
    "merged_at": (_is_text, "a text"),
}


def _line_of(path: Path, position: int) -> int:
    """1-based line of the object at ``position`` (0-based, blank lines not counted)."""
    with path.open("rb") as handle:
        for number, line in enumerate(handle, 1):
            position -= bool(line.strip())
            if position < 0:
                return number
    return sys.maxsize
