"""When a new adapter is due, and why. Pure.

    first      there is none yet: the backtest
    dispatch   somebody asked for it
    pulls      enough pull requests were merged since the last one
    drift      own has become worse on fresh pull requests than it was when it was promoted
    schedule   enough days have passed, and something was merged

An adapter that is not finished comes before all of them but ``pulls``: what was killed goes on, and asking
twice makes one.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.decide.audit import Audit
from pipeline.errors import InputError
from pipeline.types import Evaluation

Name = Literal["first", "dispatch", "pulls", "drift", "schedule"]

REFERENCE = 20
"""Pull requests, the first that an adapter was put to, that tell its level; with fewer there is no drift."""

MARGIN = 0.1
"""By how much (score or share, 0..1) the level may fall before it counts."""


@dataclass(frozen=True)
class Trigger:
    """Why a new adapter is due."""

    name: Name
    why: str
    """One line for a person."""


@dataclass(frozen=True)
class Standing:
    """What is known when the question is asked."""

    finished: bool
    """Whether the last adapter is trained and its gates are run."""
    since: int
    """Usable pull requests that were merged since the last adapter was planned."""
    planned_at: str
    """When it was planned, ISO in UTC; "" when not known."""
    drift: str | None = None
    """What ``drift`` says of the promoted adapter."""


def fired(standing: Standing, *, after_pulls: int, every_days: int | None, asked: bool, now: str) -> Trigger | None:
    """The first trigger that applies; None: the last adapter goes on.

    ``after_pulls``: 1 or more. ``every_days``: None for no schedule. ``now``: ISO in UTC.
    """
    if standing.since >= after_pulls:
        return Trigger(
            "pulls", f"{standing.since} pull requests were merged since the last one; {after_pulls} are enough"
        )
    if not standing.finished:
        return None
    if asked:
        return Trigger("dispatch", "it was asked for")
    if standing.drift and standing.since:
        return Trigger("drift", standing.drift)
    days = _days(standing.planned_at, now)
    if every_days is not None and days is not None and days >= every_days and standing.since:
        return Trigger("schedule", f"{days} days have passed since the last one; it is due every {every_days}")
    return None


def _days(start: str, end: str) -> int | None:
    if not start:
        return None
    try:
        return (datetime.datetime.fromisoformat(end) - datetime.datetime.fromisoformat(start)).days
    except (ValueError, TypeError):
        raise InputError(f"{start!r} or {end!r} is no time; remove the epoch's folder to plan it anew") from None


def drift(rows: Sequence[Evaluation], adapter: str) -> str | None:
    """How the adapter (its card's sha256) has become worse on its later pull requests; None when it has not.

    Its level is the mean over the first ``REFERENCE`` pull requests, a backtest's whole where that is longer,
    less one standard error, since a level is only known so well. Each later one is held against that level by
    the e-CUSUM of ``pipeline.decide.audit``: while the truth stays within ``MARGIN`` of it, the mean time to a
    false alarm is at least 500 pull requests. Scores first, then shares of valid tool calls.
    """
    own = sorted((row for row in rows if row.role == "own" and row.adapter == adapter), key=lambda row: row.at)
    for what, values in (("score", _scores(own)), ("share of valid tool calls", _shares(own))):
        count = max(REFERENCE, sum(backtest for _, backtest in values))
        level, later = [value for value, _ in values[:count]], [value for value, _ in values[count:]]
        if len(level) < REFERENCE or not later:
            continue
        mean = sum(level) / len(level)
        floor = max(0.0, mean - _standard_error(level))
        audit = Audit(MARGIN)
        for number, value in enumerate(later, 1):
            audit.add(value - floor)
            if audit.alarmed_at:
                recent = sum(later[:number]) / number
                before, after = f"{mean:.2f} on its first {len(level)}", f"{recent:.2f} on the next {number}"
                return f"own's {what} was {before} pull requests and {after}"
    return None


def _scores(own: Sequence[Evaluation]) -> list[tuple[float, bool]]:
    """Mean score of each pull request, and whether it is of the backtest; those of the commonest measure."""
    measures = [row.measure for row in own]
    commonest = max(sorted(set(measures)), key=measures.count, default=None)
    return _by_task([(row, row.score, 1.0) for row in own if row.measure == commonest])


def _shares(own: Sequence[Evaluation]) -> list[tuple[float, bool]]:
    turns = [(row, row.tool_calls, row.tool_calls + row.malformed_calls) for row in own]
    return _by_task([(row, valid, count) for row, valid, count in turns if count])


def _by_task(found: Sequence[tuple[Evaluation, float, float]]) -> list[tuple[float, bool]]:
    tasks: dict[str, list[tuple[Evaluation, float, float]]] = {}
    for row, part, whole in found:
        tasks.setdefault(row.task_id, []).append((row, part, whole))
    return [(sum(x[1] for x in rows) / sum(x[2] for x in rows), rows[0][0].backtest) for rows in tasks.values()]


def _standard_error(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return float((variance / len(values)) ** 0.5)
