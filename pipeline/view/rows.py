"""A line of any file that holds rollouts, as far as the list needs it. Pure.

One structure for rollouts, samples and evaluations, with messages reduced to their roles: decoding
a line of 100 kB into it costs a fifth of decoding all of it, and keeps nothing of its texts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import msgspec


class _Turn(msgspec.Struct):
    """A message; its text is decoded only where it is asked for."""

    role: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"")


class Row(msgspec.Struct, kw_only=True):
    """Fields as in ``pipeline.types``; None where a kind of line does not have them."""

    id: str | None = None
    task_id: str | None = None
    repo: str | None = None
    role: str | None = None
    model: str | None = None
    teacher: str | None = None
    attempt: int = 0
    rollout: int | None = None
    """Which of a function's two."""
    path: str | None = None
    function: str | None = None
    language: str | None = None
    change_type: str | None = None
    title: str | None = None
    exit: str | None = None
    steps: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    cheat_marks: tuple[str, ...] = ()
    malformed_calls: int | None = None
    recall: float | None = None
    recall_sera: float | None = None
    score: float | None = None
    measure: str | None = None
    scripted: bool = False
    rollout_id: str | None = None
    description: str | None = None
    reference_patch: str | None = None
    messages: list[_Turn] | None = None
    """Until ``row_of`` gives the row out: from then on None."""
    has_messages: bool = False
    """Never read from a line: see ``row_of``."""
    asked_function: str = ""
    """The function that the first request of a rollout of generate names; "" when it names none."""
    asked_path: str = ""

    @property
    def kind(self) -> str | None:
        """rollout, sample or evaluation; None when the line is nothing of these."""
        if self.has_messages and self.id is not None:
            if self.exit is not None and self.task_id is not None:
                return "rollout"
            return "sample" if self.reference_patch is not None and self.function is not None else None
        return "evaluation" if self.score is not None and self.measure and self.task_id is not None else None


_DECODER = msgspec.json.Decoder(Row)
_NAMED = re.compile(r"`([^`\n]+)` in `([^`\n]+)`")
"""How the prompts of generate name a function; prompts.yaml promises to keep it."""


def row_of(line: bytes) -> Row:
    """The row on ``line``. Raises ValueError saying what is wrong with it."""
    try:
        row = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Half a surrogate pair is legal in JSON as Python writes it, and refused by this decoder.
        row = _DECODER.decode(json.dumps(whole(line), ensure_ascii=False).encode("utf-8", "replace"))
    turns, row.messages, row.has_messages = row.messages, None, row.messages is not None
    if turns is not None and row.steps is None:
        row.steps = sum(turn.role == "assistant" for turn in turns)
    if turns and (row.rollout or 1) == 1 and row.role in (None, "teacher"):
        row.asked_function, row.asked_path = _named(turns)
    return row


def _named(turns: Sequence[_Turn]) -> tuple[str, str]:
    asked = next((turn.content for turn in turns if turn.role == "user"), b"")
    text = msgspec.json.decode(asked) if asked else ""
    match = _NAMED.search(text) if isinstance(text, str) else None
    return (match[1], match[2]) if match else ("", "")


def whole(line: bytes) -> dict[str, Any]:
    """All of a line; NaN and infinities, which no browser reads, become None. Raises ValueError."""
    row = json.loads(line, parse_constant=lambda name: None)
    if not isinstance(row, dict):
        raise ValueError(f"{type(row).__name__} where an object was expected")
    return row


def finite(value: float | None, digits: int) -> float | None:
    """``value`` rounded; None for what is no number."""
    return None if value is None or not math.isfinite(value) else round(value, digits)
