"""The lines of a sealed.jsonl that came from a runner: hashes of patches on one open issue, each checked."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bot.intake.reasons import Refused
from bot.intake.rows import check_lengths, fault_of_size, lines, parsed
from pipeline.evaluations import ROLES
from pipeline.store import Store
from pipeline.store.seals import attempt_of, fixes_of, seals
from pipeline.types import Sealed, to_json

FILE = "sealed.jsonl"

MOST_ROWS = 200
"""Of one issue: all of them are shown in one comment."""

MOST_LINE = 16 << 10
"""Bytes."""

_HASHES = {"patch_sha256": re.compile(r"[0-9a-f]{64}"), "base_sha": re.compile(r"[0-9a-f]{40}")}


@dataclass(frozen=True)
class Bounds:
    """What a run's lines must be about."""

    repo: str
    """``owner/name``."""
    issue: int
    earliest: str
    """ISO time before which nothing can have been sealed: the run was not asked for yet."""
    latest: str
    """ISO time after which nothing can have been sealed yet."""


def read(path: Path, bounds: Bounds) -> list[Sealed]:
    """All of ``path``, checked. Raises Refused naming line and field."""
    found: list[Sealed] = []
    seen = set()
    for number, line in lines(path, MOST_LINE):
        row = _row(number, line, bounds)
        key = attempt_of(row)
        if key in seen:
            raise Refused("duplicate_row", f"line {number}: {row.role} attempt {row.attempt} on issue {row.issue}")
        seen.add(key)
        found.append(row)
        if len(found) > MOST_ROWS:
            raise Refused("too_many_rows", f"more than {MOST_ROWS:,}")
    return found


def check_kept(store: Store, repo: str, rows: Sequence[Sealed]) -> None:
    """Raises Refused where another hash of an attempt, or another time, is recorded already, and for one that is new
    though the issue is fixed: shown now it would prove nothing. ``rows``: of one issue."""
    if not rows:
        return
    known = {attempt_of(seal): (seal.patch_sha256, seal.at) for seal in seals(store, repo, rows[0].issue)}
    if len(known.keys() | map(attempt_of, rows)) > MOST_ROWS:
        raise Refused("too_many_rows", f"more than {MOST_ROWS:,} of issue {rows[0].issue}, earlier ones included")
    for row in rows:
        what = f"{row.role} attempt {row.attempt} on issue {row.issue}"
        if known.get(attempt_of(row), (row.patch_sha256, row.at)) != (row.patch_sha256, row.at):
            raise Refused("broken_seal", what)
        if attempt_of(row) not in known and (fixes := fixes_of(store, repo, row.issue)):
            raise Refused("sealed_after_fix", f"{what}: pull request {fixes[0]} closes it")


def _row(number: int, line: bytes, bounds: Bounds) -> Sealed:
    values = parsed(number, line)
    try:
        row = msgspec.convert(values, Sealed)
    except msgspec.ValidationError as error:
        raise Refused("wrong_schema", f"line {number}: {str(error)[:200]}") from None
    known = to_json(row)
    if fault := _fault_of(known) or fault_of_size(known):
        raise Refused("wrong_schema", f"line {number}: {fault}")
    check_lengths(number, values)
    if row.repo.casefold() != bounds.repo.casefold():
        raise Refused("wrong_repository", f"line {number}: about {row.repo!r}, not {bounds.repo}")
    if row.issue != bounds.issue:
        raise Refused("foreign_issue", f"line {number}: {row.issue}, not {bounds.issue}")
    if not bounds.earliest <= row.at <= bounds.latest:
        raise Refused("wrong_time", f"line {number}: field 'at' is {row.at}, not from {bounds.earliest} on")
    return row


def _fault_of(row: dict[str, Any]) -> str | None:
    for name, form in _HASHES.items():
        if not form.fullmatch(row[name]):
            return f"field {name!r} is {row[name][:70]!r}, which is no hash"
    for name, value in row.items():
        if isinstance(value, int | float) and not (0 <= value < math.inf):
            return f"field {name!r} is {value!r}, expected a number from 0 up"
    if row["role"] not in ROLES:
        return f"field 'role' is {row['role']!r}, expected own, base or frontier"
    return None if row["model"] and row["at"] else "field 'model' or 'at' is empty"
