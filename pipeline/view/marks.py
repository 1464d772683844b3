"""Which turns of a trajectory were malformed, and which hold a mark of cheating. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.rollout.cheating import cheat_marks
from pipeline.types import Message

CHECKOUT = "/repo"
"""Where agents see their checkout: ``pipeline.rollout.agent.CHECKOUT``, whose module needs the agent installed."""


def cheats(messages: Sequence[Message]) -> dict[int, tuple[str, ...]]:
    """The marks of each message that has some, by its index."""
    marks = {index: cheat_marks([message], CHECKOUT) for index, message in enumerate(messages)}
    return {index: codes for index, codes in marks.items() if codes}


def malformed(messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> list[int]:
    """Indexes of the model's turns that could not be carried out, as far as the tools' schemas tell.

    Empty for a conversation without tools. A tool may refuse more than its schema says.
    """
    required = {str(_function(tool).get("name")): _required(_function(tool)) for tool in tools}
    if not required:
        return []
    return [
        i for i, message in enumerate(messages) if message.get("role") == "assistant" and _is_bad(message, required)
    ]


def _is_bad(message: Message, required: Mapping[str, frozenset[str]]) -> bool:
    calls = message.get("tool_calls") or ()
    return not calls or any(_is_bad_call(_function(call), required) for call in calls)


def _is_bad_call(function: Mapping[str, Any], required: Mapping[str, frozenset[str]]) -> bool:
    try:
        arguments = json.loads(function.get("arguments") or "")
    except (ValueError, TypeError, RecursionError):
        return True
    name = str(function.get("name"))
    return not isinstance(arguments, dict) or name not in required or not required[name] <= arguments.keys()


def _function(holder: Any) -> Mapping[str, Any]:
    function = holder.get("function") if isinstance(holder, Mapping) else None
    return function if isinstance(function, Mapping) else {}


def _required(function: Mapping[str, Any]) -> frozenset[str]:
    parameters = function.get("parameters")
    names = parameters.get("required") if isinstance(parameters, Mapping) else None
    return frozenset(map(str, names or ()))
