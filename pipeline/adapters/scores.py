"""How an adapter scored, from evaluations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.types import Evaluation, Role

ROLES: tuple[Role, ...] = ("own", "base", "frontier")


def scores(rows: Sequence[Evaluation], adapter: str) -> dict[str, Any] | None:
    """Means over the pull requests that the adapter (its card's sha256) was put to; None where there is none.

    ``pulls``: how many; ``score``: mean of each role on these, 0..1, None where it made no attempt; ``valid_calls``
    and ``turns`` of own. A mean is of the pull requests' means, so that attempts weigh alike. ``measures`` tells
    how the scores were made.
    """
    own = [row for row in rows if row.role == "own" and row.adapter == adapter]
    if not own:
        return None
    tasks = {row.task_id for row in own}
    others = [row for row in rows if row.task_id in tasks and row.role != "own"]
    by_role = {role: [row for row in (*own, *others) if row.role == role] for role in ROLES}
    return {
        "pulls": len(tasks),
        "score": {role: mean_by_task(found) for role, found in by_role.items()},
        "valid_calls": sum(row.tool_calls for row in own),
        "turns": sum(row.tool_calls + row.malformed_calls for row in own),
        "measures": sorted({row.measure for row in own}),
    }


def mean_by_task(rows: Iterable[Evaluation]) -> float | None:
    """Mean over tasks of the mean over their attempts, 0..1; None of no rows."""
    by_task: dict[str, list[float]] = {}
    for row in rows:
        by_task.setdefault(row.task_id, []).append(row.score)
    means = [sum(found) / len(found) for found in by_task.values()]
    return round(sum(means) / len(means), 6) if means else None
