"""The samples file as training sees it: conversations, their tools, and how new their code is.

Only ``messages`` is needed of a line; everything else has a meaning when it is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import jsonl
from pipeline.errors import InputError
from pipeline.types import Message

TOKEN_IDS = ("token_ids", "prompt_token_ids")
"""What a server that was asked for ids said it wrote, and read: on messages of the assistant, never rendered."""

ROLES = {"system", "developer", "user", "assistant", "tool"}


@dataclass(frozen=True)
class Conversation:
    """One sample's messages and tools, in the form that a server hands to a chat template."""

    id: str
    messages: tuple[Message, ...]
    """As the server sees them: arguments parsed, content a text, nothing else kept."""
    tools: tuple[dict[str, Any], ...]
    base_sha: str | None
    base_time: str | None
    malformed: bool
    """True when a call's arguments are not a JSON object, or name a tool that is not offered."""
    repo: str | None = None
    """``owner/name`` that it comes from; None when it does not say."""


def read_conversations(path: Path) -> list[Conversation]:
    """Every sample of ``path``, in order. Raises InputError naming file, line and field."""
    if not path.exists():
        raise InputError(f"{path}: no such file; make one with 'switchover generate'")
    found = [conversation(row, f"{path}: sample {number}") for number, row in enumerate(jsonl.read(path), 1)]
    if not found:
        raise InputError(f"{path}: no sample in it; see left_out.jsonl beside it for the reasons")
    return found


def newest(conversations: list[Conversation]) -> tuple[str | None, str | None]:
    """(time, commit) of the newest code among the samples; (None, None) when none says."""
    dated = [c for c in conversations if c.base_time]
    last = max(dated, key=lambda c: c.base_time or "", default=None)
    return (last.base_time, last.base_sha) if last else (None, None)


def conversation(row: Mapping[str, Any], where: str) -> Conversation:
    """The sample that a line holds; ``where`` names the line. Raises InputError naming the field."""
    where = f"{where} ({row.get('id', 'no id')})"
    tools = tuple(_list(row, "tools", where)) if row.get("tools") else ()
    names = {_tool_name(tool, f"{where}: tools[{i}]") for i, tool in enumerate(tools)}
    raw = _list(row, "messages", where)
    messages = tuple(as_served(message, f"{where}: messages[{i}]") for i, message in enumerate(raw))
    calls = [call["function"] for message in messages for call in message.get("tool_calls", ())]
    bad = any(not isinstance(call["arguments"], dict) or call["name"] not in names for call in calls)
    sha, time, repo = (_optional_text(row, key, where) for key in ("base_sha", "base_time", "repo"))
    return Conversation(str(row.get("id", where)), messages, tools, sha, time, bad, repo)


def _optional_text(row: Mapping[str, Any], key: str, where: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{where}: {key} is {_short(value)}, expected a text or null")
    return value


def _list(row: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = row.get(key)
    if not isinstance(value, list) or not value:
        raise InputError(f"{where}: {key} is {_short(value)}, expected a list that is not empty")
    return value


def _tool_name(tool: Any, where: str) -> str:
    function = tool.get("function") if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str):
        form = '{"type": "function", "function": {"name": ..., "parameters": ...}}'
        raise InputError(f"{where}: {_short(tool)} is no tool; give the OpenAI form {form}")
    return name


def as_served(message: Any, where: str = "message") -> Message:
    """``message`` as an OpenAI-compatible server hands it to the chat template.

    Texts are joined, arguments are parsed from JSON, and only what a template may read is kept.
    Raises InputError for a role, content or call of another form.
    """
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise InputError(f"{where}: role is not one of {', '.join(sorted(ROLES))} in {_short(message)}")
    served: Message = {"role": message["role"], "content": _text(message.get("content"), where)}
    reasoning = message.get("reasoning") or message.get("reasoning_content")
    if reasoning:
        served |= {"reasoning": reasoning, "reasoning_content": reasoning}
    if message.get("tool_calls"):
        calls = _list(message, "tool_calls", where)
        served["tool_calls"] = [_call(call, f"{where}: tool_calls[{i}]") for i, call in enumerate(calls)]
    for key in ("tool_call_id", "name"):
        if message.get(key):
            served[key] = message[key]
    for key in TOKEN_IDS:
        if message.get(key):
            served[key] = _ids(message[key], f"{where}: {key}")
    return served


def _ids(value: Any, where: str) -> list[int]:
    if not isinstance(value, list) or not all(type(token) is int and token >= 0 for token in value):
        raise InputError(f"{where} is {_short(value)}, expected a list of token ids; or take the key out")
    return value


def _text(content: Any, where: str) -> str:
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in content):
        return "\n".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise InputError(f"{where}: content is {_short(content)}, expected a text; only texts can be trained on")
    return content


def _call(call: Any, where: str) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str) or "arguments" not in function:
        form = '{"function": {"name": ..., "arguments": "JSON text"}}'
        raise InputError(f"{where}: {_short(call)} is no tool call; give the OpenAI form {form}")
    parsed = {"name": function["name"], "arguments": _arguments(function["arguments"])}
    return {"id": str(call.get("id", "")), "type": "function", "function": parsed}


def _arguments(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def assistant_turns(messages: tuple[Message, ...]) -> Iterator[int]:
    """Indices of the assistant's messages."""
    return (i for i, message in enumerate(messages) if message["role"] == "assistant")
