"""A row of evaluations.jsonl as the decision needs it: types and ranges, so that one pass decodes and checks.

``pipeline.evaluations`` owns the words for what is wrong with a row; a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pipeline.types import Exit, Measure

_Name = Annotated[str, Meta(min_length=1)]
_Count = Annotated[int, Meta(ge=0)]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Amount = Annotated[float, Meta(ge=0)]


class Row(msgspec.Struct, gc=False):
    """The fields of ``pipeline.types.Evaluation``, whose docstrings hold; unknown ones are dropped."""

    at: _Name
    repo: _Name
    number: _Count
    task_id: str
    role: Literal["own", "base", "frontier"]
    model: _Name
    adapter: str | None
    attempt: _Count
    score: _Share
    measure: Measure
    exit: Exit
    tokens_in: _Count
    tokens_out: _Count
    tokens_cached: _Count
    seconds: _Amount
    cost_usd: _Amount | None
    cheat_marks: tuple[str, ...] = ()
    tool_calls: _Count = 0
    malformed_calls: _Count = 0
    steps: _Count = 0
    precision: _Share | None = None
    f1: _Share | None = None
    file_recall: _Share | None = None
    backtest: bool = False
    scripted: bool = False
    marks: tuple[str, ...] = ()
    rollout_id: str = ""
    patch: str = ""
    title: str = ""
    merged_at: str = ""
    language: str = ""
    agent: str = ""
    sealed_at: str | None = None
    resolved: bool | None = None
    recall: _Share | None = None
    f2p_passed: _Count | None = None
    f2p_total: _Count | None = None
    p2p_passed: _Count | None = None
    p2p_total: _Count | None = None
