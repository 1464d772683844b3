"""A line of rollouts.jsonl: its messages are nine tenths of it and are decoded only when they are asked for."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import InputError
from pipeline.jsonl import parse
from pipeline.types import Rollout, from_json

_HEAVY = ("messages", "tools", "turns")
_FIELDS = [field for field in dataclasses.fields(Rollout) if field.name not in _HEAVY]


def _slot(field: dataclasses.Field[Any]) -> tuple[str, Any] | tuple[str, Any, Any]:
    # Values are taken as they stand, as json.loads would; what counts is that the heavy ones are skipped over.
    if field.default is dataclasses.MISSING:
        return (field.name, Any)
    return (field.name, type(field.default) if field.default == () else Any, field.default)


_LIGHT = msgspec.json.Decoder(msgspec.defstruct("_Light", [("rollout", int), *map(_slot, _FIELDS)]))


def read(path: Path, number: int, line: bytes) -> tuple[int, Rollout]:
    """Which of the function's two rollouts line ``number`` of ``path`` holds, and the rollout without its messages.

    Raises InputError naming the line where it cannot be used.
    """
    try:
        row = msgspec.structs.asdict(_LIGHT.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError):  # damaged, or broken output of a command in it: json knows
        return _read_slowly(path, number, line)
    return row.pop("rollout"), _made(row)


def _read_slowly(path: Path, number: int, line: bytes) -> tuple[int, Rollout]:
    row = parse(path, number, line)
    try:
        return row["rollout"], light(from_json(Rollout, row))
    except (KeyError, TypeError) as error:
        what = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{path}: row {number}: {what}; mend or remove it, or use another folder") from None


def _made(row: dict[str, Any]) -> Rollout:
    # One text for what is the same in tens of thousands of rows.
    shared = {key: sys.intern(str(row[key])) for key in ("task_id", "model", "exit")}
    return Rollout(**{**row, **shared}, messages=(), tools=())


def whole(line: bytes) -> Rollout:
    """The rollout with its messages."""
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):  # lone surrogates are legal for json alone
        row = json.loads(line)
    return from_json(Rollout, row)


def light(rollout: Rollout) -> Rollout:
    """The rollout without its messages, as it is kept in memory."""
    return dataclasses.replace(rollout, messages=(), tools=(), turns=())
