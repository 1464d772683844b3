"""``mini``: mini-swe-agent's own trajectory files, laid out as its batch runs lay them out: ``ID/ID.traj.json``.

Its inspector opens them, and so does whatever else reads mini-swe-agent's runs. Our messages are
what the endpoint saw and said; what mini-swe-agent keeps beside them (raw responses, time stamps)
was not kept and is not made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.export.record import Record
from pipeline.rollout.conversation import sent
from pipeline.types import Message

FORMAT = "mini-swe-agent-1.1"
MINI_VERSION = "2.4"
"""The line of releases that rollouts run on; pyproject.toml holds it there."""

_STATUS = {
    "submitted": "Submitted",
    "no_patch": "Submitted",
    "step_limit": "LimitsExceeded",
    "cost_limit": "LimitsExceeded",
    "time_limit": "TimeExceeded",
    "context_limit": "ContextWindowExceededError",
    "malformed": "RepeatedFormatError",
}
"""Our exits in mini-swe-agent's words; ``error`` stays as it is."""


def trajectory(record: Record) -> dict[str, Any]:
    """The document of one rollout."""
    status = _STATUS.get(record.exit, record.exit)
    submission = record.patch if status == "Submitted" else ""
    ending = {"exit_status": status, "submission": submission}
    calls = sum(message["role"] == "assistant" for message in record.messages)
    return {
        "info": {
            "model_stats": {"instance_cost": record.cost_usd, "api_calls": calls},
            "config": _config(record),
            "mini_version": MINI_VERSION,
            "switchover_version": __version__,
            **ending,
        },
        "messages": [*map(_message, record.messages), {"role": "exit", "content": submission, "extra": ending}],
        "trajectory_format": FORMAT,
        "instance_id": record.id,
        "switchover": {
            "exit": record.exit,
            "patch": record.patch,
            "seed": record.seed,
            "tokens_in": record.tokens_in,
            "tokens_out": record.tokens_out,
            "tokens_cached": record.tokens_cached,
            "seconds": record.seconds,
            **record.about,
        },
    }


def _config(record: Record) -> dict[str, Any]:
    limits = {"step_limit": "step_limit", "time_limit_seconds": "wall_time_limit_seconds"}
    agent = {theirs: record.settings[ours] for ours, theirs in limits.items() if ours in record.settings}
    return {
        "agent": agent,
        "agent_type": "pipeline.rollout.loop.BudgetedAgent",
        "model": {"model_name": record.model},
        "model_type": "pipeline.rollout.model.ChatModel",
        "environment_type": "pipeline.rollout.environment.SandboxEnvironment",
        "switchover": dict(record.settings),
    }


def _message(message: Message) -> Message:
    if message["role"] != "assistant":
        return dict(message)
    actions = [_action(call) for call in message.get("tool_calls") or ()]
    return {**sent(message), "extra": {"actions": actions}}


def _action(call: dict[str, Any]) -> dict[str, Any]:
    arguments = call["function"]["arguments"]
    try:
        command = json.loads(arguments)["command"]
    except (ValueError, KeyError, TypeError):
        command = arguments
    return {"command": command, "tool_call_id": call.get("id")}


class Mini:
    """Writes ``ID/ID.traj.json`` for each rollout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, record: Record) -> None:
        folder = self._folder / record.file_name
        folder.mkdir()
        text = json.dumps(trajectory(record), ensure_ascii=False, indent=2)
        (folder / f"{record.file_name}.traj.json").write_text(text + "\n", encoding="utf-8")
