"""Which task may be put to which model: the one owner of the time split between training and test.

A model must not be asked what it has been told. For own that is certain knowledge (its adapter
records ``trained_until``), so such a task is refused; for a frontier model it is the vendor's
word (``knowledge_until``), so the attempt is made and marked.
"""

from __future__ import annotations

from pipeline.types import Task

STALE_FOR_OWN = "older_than_training"
"""Reason code: the PR was merged, or its text written, before own's training data end."""

KNOWN_TO_FRONTIER = "older_than_knowledge_cutoff"
"""Mark: the PR was merged before the frontier model's declared knowledge cut-off."""


def refusal(task: Task, trained_until: str | None) -> str | None:
    """Reason code why own must not be judged on ``task``, or None.

    ``trained_until`` is an ISO time in UTC; None means that own's training data is not known, and
    nothing is refused. A text whose date is unknown counts as written when the PR was merged.
    """
    if trained_until is None:
        return None
    written = task.prompt_written_at or task.merged_at
    return STALE_FOR_OWN if min(task.merged_at, written) <= trained_until else None


def marks(task: Task, knowledge_until: str | None) -> tuple[str, ...]:
    """Marks for a frontier attempt on ``task``; ``knowledge_until`` is a date (YYYY-MM-DD) or None."""
    if knowledge_until is not None and task.merged_at[:10] <= knowledge_until:
        return (KNOWN_TO_FRONTIER,)
    return ()


def is_backtest(task: Task, adapter_made_at: str | None) -> bool:
    """True when the PR was merged before the adapter existed, so that the result is a backtest.

    Both are ISO times in UTC; without an adapter (None) nothing is a backtest.
    """
    return adapter_made_at is not None and task.merged_at <= adapter_made_at
