"""A graded attempt, for tests that store or send some."""

from __future__ import annotations

from typing import Any

from pipeline.types import Evaluation


def graded(number: int = 7, **fields: Any) -> Evaluation:
    """An attempt of the own model on pull request ``number``; any field may be said otherwise."""
    repo = fields.get("repo", "acme/widgets")
    values: dict[str, Any] = {
        "at": "2026-03-01T12:00:00Z", "repo": repo, "number": number, "task_id": f"{repo}#{number}", "role": "own",
        "model": "own-model", "adapter": "a" * 64, "attempt": 0, "score": 0.5, "measure": "recall",
        "exit": "submitted", "tokens_in": 900, "tokens_out": 100, "tokens_cached": 0, "seconds": 12.5,
        "cost_usd": 0.01, "title": "Mend the parts", "patch": "", **fields,
    }  # fmt: skip
    if values["role"] != "own" and "adapter" not in fields:
        values["adapter"] = None
    return Evaluation(**values)
