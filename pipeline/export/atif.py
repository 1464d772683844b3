"""``atif``: Harbor's Agent Trajectory Interchange Format, one file a rollout.

Written as v1.7, the oldest version that has every field used here, so that more readers take it.
A step of the agent carries its tool's results; tokens stand at each step where the rollout kept
them, and in sum at the end. Costs stand in sum only: what a single turn cost is not recorded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.export.messages import reasoning_of, text_of
from pipeline.export.record import Record
from pipeline.types import Message

VERSION = "ATIF-v1.7"


def trajectory(record: Record) -> dict[str, Any]:
    """The document of one rollout."""
    steps = _steps(record)
    return {
        "schema_version": VERSION,
        "session_id": record.id,
        "trajectory_id": record.id,
        "agent": _known(
            name="mini-swe-agent",
            version=f"switchover-{__version__}",
            model_name=record.model,
            tool_definitions=list(record.tools),
            extra=dict(record.settings) or None,
        ),
        "steps": steps,
        "final_metrics": _known(
            total_prompt_tokens=record.tokens_in,
            total_completion_tokens=record.tokens_out,
            total_cached_tokens=record.tokens_cached,
            total_cost_usd=record.cost_usd,
            total_steps=len(steps),
            extra=_known(seconds=record.seconds) or None,
        ),
        "extra": {"exit": record.exit, "patch": record.patch, "seed": record.seed, **record.about},
    }


def _steps(record: Record) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    turns = iter(record.turns)
    for message in record.messages:
        if message["role"] == "tool" and steps and steps[-1]["source"] == "agent":
            _observe(steps[-1], message)
            continue
        step = _step(message)
        if step["source"] == "agent" and (usage := next(turns, None)) is not None:
            step["metrics"] = {
                "prompt_tokens": usage["tokens_in"],
                "completion_tokens": usage["tokens_out"],
                "cached_tokens": usage["tokens_cached"],
            }
        steps.append({"step_id": len(steps) + 1, **step})
    return steps


def _step(message: Message) -> dict[str, Any]:
    if message["role"] != "assistant":
        return {"source": "system" if message["role"] == "system" else "user", "message": text_of(message)}
    calls = [
        {
            "tool_call_id": str(call.get("id") or ""),
            "function_name": call["function"]["name"],
            "arguments": _arguments(call["function"]["arguments"]),
        }
        for call in message.get("tool_calls") or ()
    ]
    return _known(
        source="agent",
        message=text_of(message),
        reasoning_content=reasoning_of(message) or None,
        tool_calls=calls or None,
        llm_call_count=1,
    )


def _observe(step: dict[str, Any], message: Message) -> None:
    known = {call["tool_call_id"] for call in step.get("tool_calls", ())}
    id = message.get("tool_call_id")
    result = {"source_call_id": id} if id in known else {}
    step.setdefault("observation", {"results": []})["results"].append({**result, "content": text_of(message)})


def _arguments(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"arguments": text}


def _known(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


class Atif:
    """Writes ``ID.json`` for each rollout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, record: Record) -> None:
        text = json.dumps(trajectory(record), ensure_ascii=False, indent=1)
        (self._folder / f"{record.file_name}.json").write_text(text + "\n", encoding="utf-8")
