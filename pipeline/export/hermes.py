"""``hermes``: what SERA's own training recipes read (allenai/SERA, Apache-2.0: sera/datagen/data/postprocess).

Same keys in the same order and the same text: the system message is replaced by one that holds the
tools, calls and results become text of the assistant and the user, every message says whether it is
trained on. Different on purpose:

- a turn without a tool call stays as it was said (the reference ends with an error for the whole export);
- a think tag in a tool's output is text like any other (the reference drops the trajectory);
- reasoning that the server kept apart is put before the content in think tags (the reference loses it);
- tools other than the lone bash tool are written as they were offered (the reference has one fixed set).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.export.messages import reasoning_of, text_of
from pipeline.types import LeftOut, Message, Sample

NAME = "train.jsonl"
THINK = ("keep_only_think", "keep_only_non_think", "keep_all")
"""What becomes of a turn that thinks and also comments: the thought alone, the comment as the thought, both."""

_BASH: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "runs the given command directly in bash",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string", "description": "The bash command to execute."}},
            "required": ["command"],
        },
    },
}
"""The reference's words for the lone tool of mini-swe-agent."""

_SHELL = "You are a helpful assistant that can interact with a computer shell to solve programming tasks."
_COMPUTER = "You are a helpful assistant that can interact with a computer to solve tasks."
_SYSTEM = """{role}

# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""

_THOUGHT = re.compile(r"<think>(.*?)</think>", re.DOTALL)
_PARTS = re.compile(r"^(<think>.*?</think>)?(.*?)(<tool_call>.*?</tool_call>)$", re.DOTALL)


class Unfit(ValueError):
    """A trajectory that this format cannot hold: ``args`` are a reason code and a line for a person."""


@dataclass(frozen=True)
class Options:
    """The reference's ``reformat_assistant_message`` and ``add_think``, with its defaults."""

    think: str = THINK[0]
    add_think: bool = False
    """Put think tags around what the model said beside its calls, for teachers that do not think."""


def row(sample: Sample, options: Options) -> dict[str, Any]:
    """A line of the export. Raises Unfit."""
    tools = _tools(sample.tools)
    system = _SYSTEM.format(
        role=_SHELL if tools == [_BASH] else _COMPUTER, tools="\n".join(json.dumps(tool) for tool in tools)
    )
    messages = [_message(message, system, options) for message in sample.messages]
    return {"messages": messages, "instance_id": sample.id, "tool_json": tools}


def _tools(offered: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    names = [tool.get("function", {}).get("name") for tool in offered]
    return [_BASH] if names == ["bash"] else list(offered)


def _message(message: Message, system: str, options: Options) -> dict[str, Any]:
    role = message["role"]
    if role == "assistant":
        return {"role": role, "content": _turn(message, options), "train": True}
    if role == "system":
        return {"role": role, "content": system, "train": False}
    if role == "tool":
        return {"role": "user", "content": f"<tool_response>\n{text_of(message)}\n</tool_response>", "train": False}
    return {"role": role, "content": text_of(message), "train": False}


def _turn(message: Message, options: Options) -> str:
    content, reasoning = text_of(message), reasoning_of(message)
    if reasoning and "<think>" not in content:
        content = f"<think>\n{reasoning}\n</think>\n\n{content}"
    calls = "\n".join(_call(call["function"]) for call in message.get("tool_calls") or ())
    if calls and options.add_think:
        content = f"<think>\n{content.strip()}\n</think>"
    if calls:
        content = f"{content}\n\n{calls}"
    return content if options.think == "keep_all" else _reformed(content, options.think, bool(calls))


def _call(function: dict[str, Any]) -> str:
    try:
        arguments = json.loads(function["arguments"])
    except ValueError:
        raise Unfit("malformed_call", f"arguments of {function['name']} are no JSON") from None
    return f"<tool_call>\n{json.dumps({'name': function['name'], 'arguments': arguments})}\n</tool_call>"


def _reformed(content: str, think: str, has_calls: bool) -> str:
    if "<think>" in content:
        thoughts = _THOUGHT.findall(content)
        if len(thoughts) != 1:
            raise Unfit("broken_thinking", f"{len(thoughts)} thoughts in one turn, expected 1")
        content = _THOUGHT.sub(lambda _: f"<think>\n{thoughts[0].strip()}\n</think>", content)
    if not has_calls:
        return content
    parts = _PARTS.match(content.strip())
    if parts is None:
        raise Unfit("malformed_call", "a call that is not at the end of its turn")
    return "\n\n".join((_thought(parts[1], parts[2], think), parts[3]))


def _thought(thought: str | None, comment: str, think: str) -> str:
    comment = comment.strip()
    as_thought = f"<think>\n{comment}\n</think>"
    if think == "keep_only_think":
        return thought if thought and _THOUGHT.findall(thought)[0].strip() else as_thought
    return as_thought if comment or thought is None else thought


class Hermes:
    """Writes ``train.jsonl``."""

    def __init__(self, folder: Path, options: Options) -> None:
        self._file = (folder / NAME).open("w", encoding="ascii")
        self._options = options

    def add(self, sample: Sample) -> LeftOut | None:
        """Write a sample, or say why this format cannot hold it."""
        try:
            line = json.dumps(row(sample, self._options))
        except Unfit as unfit:
            return LeftOut("export", "sample", sample.id, *unfit.args)
        self._file.write(line + "\n")
        return None

    def close(self) -> None:
        self._file.close()
