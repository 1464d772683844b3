"""What one rollout, and what one task, adds to the page: everything that the list does not need. Pure.

The body of a rollout is two lines of JSON. The first holds what is the same everywhere (tools,
system prompt) or made here (marks, rows of a patch); the second the rest of the messages, and is
what a search in the messages looks through.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.types import Message
from pipeline.view.marks import cheats, malformed
from pipeline.view.patches import shown, side_by_side
from pipeline.view.tasks import Attempt, Task

Whole = Mapping[str, Any]
"""All of an attempt's line."""


def rollout_body(attempt: Attempt, row: Whole, with_patch: bool) -> bytes:
    """``with_patch``: False where the task's body shows its patch beside another one."""
    messages: Sequence[Message] = [message for message in row.get("messages") or () if isinstance(message, dict)]
    tools = [tool for tool in row.get("tools") or () if isinstance(tool, dict)]
    opening = next((i for i, message in enumerate(messages) if message.get("role") != "system"), len(messages))
    head = {
        "tools": tools,
        "opening": messages[:opening],
        # Reading every command as a shell would takes longer than all else: only where there is a mark to place.
        "cheats": cheats(messages) if row.get("cheat_marks") else {},
        "malformed": malformed(messages, tools),
        "detail": str(row.get("detail") or ""),
        "why": attempt.detail,
        "seed": row.get("seed"),
        "patch": shown(str(row.get("patch") or "")) if with_patch else None,
    }
    return _json(head) + b"\n" + _json(messages[opening:])


def task_body(task: Task, rows: Mapping[str, Whole]) -> bytes:
    """``rows`` by the keys of the attempts. ``sides`` holds the patches to show beside each other."""
    patches = {key: str(row.get("patch") or "") for key, row in rows.items()}
    first, second = task.pair
    sides: list[dict[str, Any]]
    counts: dict[str, int] = {}
    if first or second:
        gold = patches[first.key] if first else _reference(second, rows)
        candidate = patches[second.key] if second else _reference(first, rows)
        left, right, counts = side_by_side(gold, candidate)
        sides = [_side(first, gold, left), _side(second, candidate, right)]
    else:
        sides = [_side(one, patches[one.key], shown(patches[one.key])) for one in compared(task)]
    return _json(
        {
            "sides": [side for side in sides if side["has"]],
            "counts": counts,
            "description": task.description,
            "given_up": task.description_left_out,
        }
    )


def compared(task: Task) -> list[Attempt]:
    """The attempts whose patches the task's body shows: the pair of generate, or all of evaluate."""
    if any(task.pair):
        return [one for one in task.pair if one]
    return [one for one in task.attempts if one.which is None]


def _reference(sample: Attempt | None, rows: Mapping[str, Whole]) -> str:
    """Of a sample that stands alone: the other rollout's patch, which it carries."""
    return str(rows[sample.key].get("reference_patch") or "") if sample else ""


def _side(attempt: Attempt | None, patch: str, rows: dict[str, Any]) -> dict[str, Any]:
    return {"key": attempt.key if attempt else None, "has": bool(attempt or patch), **rows}


def _json(value: Any) -> bytes:
    # Half a surrogate pair can be written as an escape only; all else is smaller as it is.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
