"""Soft-verified generation: trajectories from a repository's own code, by a teacher, without tests.

For each function: the teacher changes it (rollout 1) and stands by it (self-check); it describes
the change as an issue; from that text alone it makes the change again (rollout 2); the share of
the first patch that the second reproduces is its recall. What is kept trains an own model.

    functions → plan ─▶ chain: change → self_check → describe → redo → compare ─▶ journal
                                                                                     │
                        samples.jsonl, left_out.jsonl, summary.json ◀─ select ◀─ stories
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.generate.run import generate
    from pipeline.generate.summary import Summary

__all__ = ["Summary", "generate"]


def __getattr__(name: str) -> Any:
    """Loads the run on first use: listing functions needs neither an agent nor a sandbox."""
    if name == "generate":
        from pipeline.generate.run import generate

        return generate
    if name == "Summary":
        from pipeline.generate.summary import Summary

        return Summary
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
