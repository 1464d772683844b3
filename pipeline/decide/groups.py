"""One stream for each value of a field: per repository, per language, per kind of change, per adapter."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from pipeline.decide.stream import Graded, PullKey, Stream

OF_THE_MODEL = frozenset({"model", "adapter", "role"})
"""Fields that differ between the roles of one pull request: own's value speaks for the pull request."""


def grouped(rows: Iterable[tuple[Graded, Any]], by: str) -> dict[Any, Stream]:
    """Streams by the value of the field ``by``, which comes with each row, in order of first appearance.

    For a field of the model the value of own's rows counts, and base and frontier rows of the
    same pull request go with each of them.
    """
    groups: dict[Any, Stream] = {}
    if by in OF_THE_MODEL:
        rows = list(rows)
        rows = _with_values_of_own(rows, _values_of_own(rows))
    for name, those in itertools.groupby(rows, lambda item: _name(item[1])):
        if name not in groups:
            groups[name] = Stream()
        groups[name].extend([row for row, _ in those])
    return groups


def _values_of_own(rows: Iterable[tuple[Graded, Any]]) -> dict[PullKey, dict[Any, None]]:
    values: dict[PullKey, dict[Any, None]] = {}
    for row, value in rows:
        if row.role == "own":
            values.setdefault((row.repo, row.number), {})[_name(value)] = None
    return values


def _with_values_of_own(
    rows: Iterable[tuple[Graded, Any]], values: dict[PullKey, dict[Any, None]]
) -> Iterable[tuple[Graded, Any]]:
    for row, value in rows:
        for found in [value] if row.role == "own" else values.get((row.repo, row.number), {}):
            yield row, found


def _name(value: Any) -> Any:
    """What a group is called: the value itself, its JSON where it is a list or an object."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list, tuple)) else value
