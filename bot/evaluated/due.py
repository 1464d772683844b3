"""Which pull request's comment or check run may be out of date. Reads only."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.store import Store
from pipeline.types import Evaluation

RECENT_DAYS = 14
"""After a result, and from a merge to its result: older ones are in the report. Nothing is posted on old work."""

_DUE = """
WITH recent AS (
    SELECT DISTINCT r.id AS repo_id, e.repo, e.number
    FROM repositories r JOIN installations i ON i.id = r.installation JOIN evaluations e ON e.repo = r.name
    WHERE r.state = 'active' AND i.state = 'active' AND r.configured <> 0 AND r.paused = 0 AND e.at >= :since
), counted AS (
    SELECT c.*, count(*) || ':' || sum(e.exit = 'error') AS seen
    FROM recent c JOIN evaluations e ON e.repo = c.repo AND e.number = c.number GROUP BY c.repo_id, c.number
)
SELECT c.repo_id, c.number, c.seen FROM counted c
LEFT JOIN evaluated v ON v.repo_id = c.repo_id AND v.number = c.number
WHERE (v.seen IS NOT c.seen OR v.again <> 0) AND COALESCE(v.due_at, 0) <= :now
AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.repo_id = c.repo_id AND o.state = 'waiting'
                AND o.key GLOB 'evaluated:' || c.repo_id || ':' || c.number || ':*')
ORDER BY COALESCE(v.due_at, 0), c.repo_id, c.number LIMIT 1
"""


@dataclass(frozen=True)
class Due:
    """One to look at."""

    repo_id: int
    number: int
    seen: str
    """Its attempts, and how many of them are failures of ours: a first grade stays, so nothing else changes."""


def next_due(store: Store, now: float) -> Due | None:
    """At most one letter of each kind waits for each: what changes meanwhile is in the next one."""
    for row in store.db.query(_DUE, {"now": now, "since": _days_before(now, RECENT_DAYS)}):
        return Due(**row)
    return None


def is_fresh(rows: Sequence[Evaluation]) -> bool:
    """Whether people still have the pull request in mind: no backtest, and merged shortly before its results."""
    live = [row for row in rows if not row.backtest]
    return any(not row.merged_at or _days_between(row.merged_at, row.at) <= RECENT_DAYS for row in live)


def _days_between(earlier: str, later: str) -> float:
    try:
        span = datetime.datetime.fromisoformat(later) - datetime.datetime.fromisoformat(earlier)
    except (ValueError, TypeError):  # not a time, or one without a zone
        return 0.0
    return span.total_seconds() / 86_400


def _days_before(now: float, days: float) -> str:
    return datetime.datetime.fromtimestamp(now - days * 86_400, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
