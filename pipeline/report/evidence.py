"""Evaluations as evidence: in one order however they were stored, with a hash that anybody can make again. Pure.

Also the bytes of the record that is made of them.

The sha256 is over the distinct rows in order of ``at``, then of text, each as JSON with sorted keys and
a newline: the same for the same evaluations, in whichever files and order they came.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.types import Evaluation


@dataclass(frozen=True)
class Evidence:
    """What a verdict was made from."""

    rows: tuple[Evaluation, ...]
    """Distinct, in order."""
    lines: tuple[str, ...]
    """Each row's text."""

    @property
    def sha256(self) -> str:
        return _sha256(self.lines)

    def until(self, at: str) -> str:
        """sha256 of the rows that were known at ``at``."""
        return _sha256(line for row, line in zip(self.rows, self.lines, strict=True) if row.at <= at)


def evidence(rows: Iterable[Evaluation]) -> Evidence:
    """``rows`` in order, repeated ones once."""
    distinct = {json.dumps(vars(row), sort_keys=True): row for row in rows}  # flat: to_json would copy each value
    ordered = sorted(distinct.items(), key=lambda item: (item[1].at, item[0]))
    return Evidence(tuple(row for _, row in ordered), tuple(line for line, _ in ordered))


def fingerprint(rows: Iterable[Evaluation]) -> str:
    """The sha256 of ``rows`` as evidence."""
    return evidence(rows).sha256


def written(record: Mapping[str, Any]) -> str:
    """The text of a record's file."""
    return json.dumps(record, indent=2) + "\n"


def _sha256(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
