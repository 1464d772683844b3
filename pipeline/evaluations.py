"""Reading evaluations.jsonl: every row is checked before anything is judged by it."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline import jsonl
from pipeline.decide.kinds import kind_of
from pipeline.errors import InputError
from pipeline.rows import Row
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

_LISTS = tuple(f.name for f in dataclasses.fields(Evaluation) if f.default == ())
"""Fields that are lists in JSON and tuples in Python."""

_DEFAULTS = {f.name: f.default for f in dataclasses.fields(Evaluation) if f.default is not dataclasses.MISSING}


def rows(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Every row of every file, checked. Raises InputError naming file, line, field and value."""
    for path, number, line in _lines(paths):
        yield _checked(path, number, line)


def read(paths: Sequence[Path]) -> Iterator[Evaluation]:
    """Every row as an Evaluation; see ``rows``."""
    return map(evaluation, rows(paths))


def graded(paths: Sequence[Path]) -> Iterator[Row]:
    """Every row, checked as by ``rows``, with all that the decision reads and nothing else.

    Decoding and checking are one pass in C, a sixth of what ``read`` takes; only a line that this
    pass refuses is looked at again, by the check that can name what is wrong with it.
    """
    decode = msgspec.json.Decoder(Row).decode_lines
    for path in paths:
        _must_exist(path)
        for number, block in jsonl.blocks(path):
            try:
                found = decode(block)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found = []
            if len(found) == block.count(b"\n"):
                yield from found
            else:  # a fault, or a blank line, or two objects in one line
                yield from _one_by_one(path, number, block)


def _one_by_one(path: Path, number: int, block: bytes) -> Iterator[Row]:
    decode = msgspec.json.Decoder(Row).decode
    for at, line in enumerate(block.split(b"\n"), number):
        if not line or line.isspace():
            continue
        try:
            yield decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield msgspec.convert(_checked(path, at, line), Row)


def graded_by(paths: Sequence[Path], name: str) -> Iterator[tuple[Row, Any]]:
    """Every row as ``graded`` gives it, and its value of the field ``name``: null where a row lacks it.

    Rows without a field ``kind`` have the one that their title tells. Raises InputError after the
    last row when none had the field.
    """
    if name in REQUIRED:
        yield from ((row, getattr(row, name)) for row in graded(paths))
        return
    key: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
        msgspec.defstruct("Key", [("value", Any, _ABSENT)], rename={"value": name})
    )
    decode = msgspec.json.Decoder(Row).decode
    missing: bool | None = None
    for path, number, line in _lines(paths):
        try:
            row, value = decode(line), key.decode(line).value
        except (msgspec.DecodeError, UnicodeDecodeError):
            values = _checked(path, number, line)
            row, value = msgspec.convert(values, Row), values.get(name, _ABSENT)
        if value is _ABSENT and name == "kind" and row.title:
            value = kind_of(row.title)
        missing = value is _ABSENT and missing is not False
        yield row, None if value is _ABSENT else value
    if missing:
        known = ", ".join(dict.fromkeys(key for row in rows(paths) for key in row))
        raise InputError(f"--by: no row has a field {name!r}; fields here: {known}")


_ABSENT = msgspec.UNSET


def _lines(paths: Sequence[Path]) -> Iterator[tuple[Path, int, bytes]]:
    for path in paths:
        _must_exist(path)
        for number, line in jsonl.lines(path):
            yield path, number, line


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: no such file; give the evaluations.jsonl that 'switchover evaluate' wrote")


def _checked(path: Path, number: int, line: bytes) -> dict[str, Any]:
    row = jsonl.parse(path, number, line)
    if fault := fault_of(row):
        raise InputError(f"{path}:{number}: {fault}; mend or remove that line")
    return row


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
    "language": (_is_text, "a text"),
    "agent": (_is_text, "a text"),
    "sealed_at": (_or_null(_is_text), "a time or null"),
    "resolved": (lambda value: value is None or type(value) is bool, "true, false or null"),
    "recall": (_or_null(_is_share), "a number from 0 to 1 or null"),
    "f2p_passed": (_or_null(_is_count), "a whole number from 0 up, or null"),
    "f2p_total": (_or_null(_is_count), "a whole number from 0 up, or null"),
    "p2p_passed": (_or_null(_is_count), "a whole number from 0 up, or null"),
    "p2p_total": (_or_null(_is_count), "a whole number from 0 up, or null"),
}
