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

MEMORISED = "memorised"
"""Mark: asked without the repository, the model wrote much of the human patch (see ``memory``)."""

SEALED = "sealed"
"""Mark: the patch's hash was recorded before any fix existed (see ``sealed``)."""

SEALED_TOO_LATE = "sealed_after_fix"
"""Reason code: a pull request that fixes the issue was there before the patch was sealed."""


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


def by_heart(recall: float | None, memorised_from: float) -> tuple[str, ...]:
    """Marks for a model that wrote ``recall`` (0..1, None: cannot be told) of the human patch from memory."""
    return (MEMORISED,) if recall is not None and recall >= memorised_from else ()


def is_sealed(sealed_at: str, fix_began_at: str) -> bool:
    """Whether a patch was sealed before the fix began: its pull request opened, or merged where that is not known.

    Both are ISO times in UTC; the very moment is not before.
    """
    return sealed_at < fix_began_at


def is_backtest(task: Task, adapter_made_at: str | None) -> bool:
    """True when the PR was merged before the adapter existed, so that the result is a backtest.

    Both are ISO times in UTC; without an adapter (None) nothing is a backtest.
    """
    return adapter_made_at is not None and task.merged_at <= adapter_made_at
