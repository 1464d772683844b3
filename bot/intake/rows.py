"""The lines of an evaluations.jsonl that came from a runner, each held against what may be in it; streamed.

Types and ranges are those of ``pipeline.evaluations``; here are the bounds of what a database and a page
can hold, and whether a row is about what was asked for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from bot.intake.reasons import Refused
from bot.intake.times import is_time
from pipeline.evaluate.fresh import SEALED as MARK
from pipeline.evaluations import evaluation, fault_of
from pipeline.store.seals import Attempt, Seal
from pipeline.types import Evaluation

MOST_ROWS = 20_000
"""Of one run: 1,000 pull requests with 20 attempts each."""

MOST_LINE = 2 << 20
"""Bytes."""

MOST_PATCH = 1_000_000
"""Characters."""

MOST_TEXT = 300
MOST_TITLE = 1_000
MOST_MARKS = 50

_MOST = {
    "number": 2**31, "attempt": 10_000, "steps": 10**6, "tool_calls": 10**6, "malformed_calls": 10**6,
    "tokens_in": 10**12, "tokens_out": 10**12, "tokens_cached": 10**12, "seconds": 10**7, "cost_usd": 10**6,
}  # fmt: skip
"""Largest numbers that can be meant."""

_NAMES = ("task_id", "model", "adapter", "agent", "rollout_id", "language")
"""Texts that must be plain: no control characters, no lone surrogates."""

_SEALED = re.compile(r"/sealed/([1-9][0-9]{0,9})")
"""Ends the task of attempts that were made on an issue, before there was a pull request
(pipeline.evaluate.settling)."""

_LONGER = {"patch": MOST_PATCH, "title": MOST_TITLE}
_MARK = re.compile(r"[a-z0-9_]{1,64}")


@dataclass
class Reader:
    """For all files of one run."""

    repo: str
    """``owner/name``."""
    asked: frozenset[int]
    """Pull requests that the run was asked for; empty: any."""
    merged: frozenset[int]
    """Those that are known as merged."""
    latest: str
    """ISO time after which nothing can have been known yet."""
    seals: Mapping[tuple[int, Attempt], Seal] = field(default_factory=dict)
    """What was sealed on the issue with that number."""
    issues: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """By pull request: the issues with recorded seals that it closes."""
    count: int = 0
    """Rows read so far."""
    _seen: set[tuple[Any, ...]] = field(default_factory=set)

    def read(self, path: Path) -> Iterator[Evaluation]:
        """Each row of ``path``, checked. Raises Refused naming line and field."""
        for number, line in lines(path, MOST_LINE):
            yield self._row(number, line)

    def _row(self, number: int, line: bytes) -> Evaluation:
        self.count += 1
        if self.count > MOST_ROWS:
            raise Refused("too_many_rows", f"more than {MOST_ROWS:,}")
        row = parsed(number, line)
        if fault := fault_of(row) or fault_of_size(row):
            raise Refused("wrong_schema", f"line {number}: {fault}")
        check_lengths(number, row)
        found = evaluation(row)
        self._check_subject(number, found)
        key = (found.task_id, found.role, found.adapter, found.model, found.attempt)
        if key in self._seen:
            raise Refused("duplicate_row", f"line {number}: {found.role} attempt {found.attempt} on {found.task_id}")
        self._seen.add(key)
        return found

    def _check_subject(self, number: int, row: Evaluation) -> None:
        if row.repo.casefold() != self.repo.casefold():
            raise Refused("wrong_repository", f"line {number}: about {row.repo!r}, not {self.repo}")
        task = f"{row.repo}#{row.number}"
        sealed = _SEALED.fullmatch(row.task_id.removeprefix(task))
        if row.task_id != task and not (sealed and row.task_id.startswith(task)):
            raise Refused("wrong_schema", f"line {number}: task {row.task_id!r} is not of pull request {row.number}")
        if self.asked and row.number not in self.asked:
            raise Refused("foreign_pull", f"line {number}: #{row.number}")
        if row.number not in self.merged:
            raise Refused("unknown_pull", f"line {number}: #{row.number}")
        if row.at > self.latest:
            raise Refused("wrong_schema", f"line {number}: field 'at' is {row.at}, which is still to come")
        if not (bool(sealed) == (MARK in row.marks) == bool(row.sealed_at)):
            what = f"task {row.task_id!r}, mark {MARK!r} and field 'sealed_at' belong together"
            raise Refused("wrong_schema", f"line {number}: {what}")
        if sealed:
            self._check_seal(number, row, int(sealed[1]))

    def _check_seal(self, number: int, row: Evaluation, issue: int) -> None:
        """Where hashes were recorded, the patch must have that of its attempt, and be on one of those issues. Of other
        pull requests nothing is known."""
        shown = self.issues.get(row.number, frozenset())
        if shown and issue not in shown:
            said = ", ".join(map(str, sorted(shown)))
            raise Refused("broken_seal", f"line {number}: {row.task_id}, and the hashes recorded are of issue {said}")
        known = self.seals.get((issue, (row.role, row.adapter or "", row.model, row.attempt)))
        if known is not None and (row.sealed_at or "", _sha256(row.patch)) != known:
            raise Refused("broken_seal", f"line {number}: {row.role} attempt {row.attempt} on {row.task_id}")


def _sha256(patch: str) -> str:
    """Of the bytes that were sealed; "" for a text that no bytes were."""
    try:
        return hashlib.sha256(patch.encode("utf-8", "surrogateescape")).hexdigest()
    except UnicodeEncodeError:
        return ""


def lines(path: Path, most: int) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line that is not blank. Raises Refused for one of more than ``most`` bytes."""
    with path.open("rb") as handle:
        number = 0
        while line := handle.readline(most + 1):
            number += 1
            if len(line) > most:
                raise Refused("too_long", f"line {number}: more than {most:,} bytes")
            if not line.isspace():
                yield number, line


def parsed(number: int, line: bytes) -> dict[str, Any]:
    """The object in ``line``. Raises Refused."""
    try:
        row = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("wrong_schema", f"line {number}: not JSON ({str(error)[:100] or type(error).__name__})") from None
    if not isinstance(row, dict):
        raise Refused("wrong_schema", f"line {number}: {type(row).__name__} where an object was expected")
    return row


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def fault_of_size(row: Mapping[str, Any]) -> str | None:
    """What is larger than can be meant, or does not show, in a row whose types are right."""
    for name, most in _MOST.items():
        if (row.get(name) or 0) > most:
            return f"field {name!r} is larger than {most:,}"
    for name in _NAMES:
        if not (row.get(name) or "").isprintable():
            return f"field {name!r} holds characters that do not show"
    for name in ("at", "merged_at", "sealed_at"):
        if row.get(name) and not is_time(row[name]):
            return f"field {name!r} is {row[name][:40]!r}, expected a time such as 2026-01-31T12:00:00Z"
    for name in ("marks", "cheat_marks"):
        if len(row.get(name, ())) > MOST_MARKS or not all(map(_MARK.fullmatch, row.get(name, ()))):
            return f"field {name!r} is no list of at most {MOST_MARKS} codes"
    return None


def check_lengths(number: int, row: Mapping[str, Any]) -> None:
    """Raises Refused for a text that is longer than it may be, whatever its name."""
    for name, value in row.items():
        most = _LONGER.get(name, MOST_TEXT)
        if isinstance(value, str) and len(value) > most:
            raise Refused("too_long", f"line {number}: field {name[:40]!r} has {len(value):,} characters")
