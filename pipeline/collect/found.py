"""The noun between the miners: a merged pull request that was found, before its text is put together."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.collect.history import History, utc
from pipeline.types import LeftOut


@dataclass(frozen=True)
class Found:
    """A pull request and the commit that brought it in."""

    number: int
    kind: str
    """As in ``Pull.kind``."""
    title: str
    branch: str
    """``owner/branch``, ``branch`` or ""."""
    merge_sha: str
    base_sha: str
    head_sha: str | None = None
    verified: bool | None = None
    certain: bool = True
    """False when only "(#N)" in a subject says so."""
    merged_at: str | None = None
    """As the forge tells it; None: the time of the commit."""


def merged_at(found: Found, graph: History) -> str:
    """When it was merged, as UTC text that sorts."""
    return found.merged_at or utc(graph.commits[found.merge_sha].committed)


def left_out(found: Found, reason: str, detail: str) -> LeftOut:
    """That this commit is not the pull request that it seems to be; the number may live on elsewhere."""
    return LeftOut("collect", "pull", f"{found.number}@{found.merge_sha[:12]}", reason, detail)
