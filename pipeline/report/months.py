"""What each month brought: pull requests evaluated, and what own would have saved on them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.types import Evaluation

MOST = 18
"""Newest months shown."""


@dataclass(frozen=True)
class Month:
    """One calendar month in UTC, by the day of the merge, or of the result where that is not known."""

    name: str
    """YYYY-MM."""
    pulls: int
    saving_usd: float | None
    """Frontier's cost of an attempt minus own's, summed over its PRs; None when one is not known."""


def months(evaluations: Iterable[Evaluation], trace: Sequence[dict[str, Any]]) -> list[Month]:
    """The newest months with a PR that counts, oldest first; a PR counts once, as judged last."""
    merged = {(row.repo, row.number): row.merged_at for row in evaluations if row.merged_at}
    pulls = {(p["repo"], p["number"]): p for line in trace if (p := line["pull"])["difference"] is not None}
    groups: dict[str, list[float | None]] = {}
    for key, pull in pulls.items():
        if re.match(r"\d{4}-\d\d", when := merged.get(key) or pull["at"]):
            groups.setdefault(when[:7], []).append(_saving(pull))
    return [Month(name, len(groups[name]), _sum(groups[name])) for name in sorted(groups)[-MOST:]]


def _saving(pull: dict[str, Any]) -> float | None:
    own, frontier = pull["own_usd"], pull["frontier_usd"]
    return None if own is None or frontier is None else frontier - own


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
