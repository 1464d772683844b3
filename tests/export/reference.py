"""The reference's hermes export, transcribed for comparison.

From allenai/SERA, sera/datagen/data/postprocess/{postprocess,utils}.py and sera/constants.py, Copyright
the Allen Institute for AI, Apache License 2.0. Changed: condensed and typed, the branches for other
formats and for SWE-agent's own exit message left out. Control flow, expressions and texts are theirs,
defects included: a turn without calls ends with a NameError, a think tag in any message is reformatted.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

SYSTEM = """You are a helpful assistant that can interact with a computer shell to solve programming tasks.

# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{"type": "function", "function": {"name": "bash", "description": "runs the given command directly in bash", \
"parameters": {"type": "object", "properties": {"command": {"type": "string", "description": "The bash command to \
execute."}}, "required": ["command"]}}}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>"""

TOOLS = [
    {
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
]


def export_line(
    messages: list[dict[str, Any]], instance_id: str, *, add_think: bool = False, mode: str = "keep_only_think"
) -> str | None:
    """The line of the export; None where the trajectory is dropped. ``mode`` "" reformats nothing."""
    row = transform(normalised(messages), add_think)
    row["instance_id"] = instance_id
    row["tool_json"] = TOOLS
    rows = with_train_key([row])
    if mode:
        rows = reformatted(rows, mode)
    return json.dumps(rows[0]) if rows else None


def normalised(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    history = []
    for message in messages:
        if message["role"] == "exit":
            continue
        message = dict(message)
        if message["role"] == "assistant" and message.get("content") is None:
            message["content"] = ""
        history.append(message)
    return history


def transform(history: list[dict[str, Any]], add_think: bool) -> dict[str, Any]:
    made = []
    for message in history:
        role = message["role"]
        if role == "tool":
            message["content"] = "\n".join(["<tool_response>", message["content"], "</tool_response>"])
            role = "user"
        if message["role"] == "assistant":
            if message["tool_calls"] is not None:
                if add_think:
                    message["content"] = "\n".join(["<think>", message["content"].strip(), "</think>"])
                action = "\n".join(as_actions(message["tool_calls"]))
                content = f"{message['content']}\n\n{action}"
            else:
                content = convert_xml_hermes(message["content"])  # type: ignore[name-defined]  # noqa: F821
        elif message["role"] == "system":
            content = SYSTEM
        else:
            content = message["content"]
        made.append({"role": role, "content": content})
    return {"messages": made}


def as_actions(calls: list[dict[str, Any]]) -> list[str]:
    actions = []
    for call in calls:
        call = {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
        actions.append("\n".join(["<tool_call>", json.dumps(call), "</tool_call>"]))
    return actions


def with_train_key(dataset: list[dict[str, Any]]) -> list[dict[str, Any]]:
    dataset = copy.deepcopy(dataset)
    for data in dataset:
        for message in data["messages"]:
            message["train"] = message["role"] == "assistant"
    return dataset


def reformatted(dataset: list[dict[str, Any]], mode: str) -> list[dict[str, Any]]:  # noqa: C901
    whole = []
    for data in copy.deepcopy(dataset):
        success = True
        for message in data["messages"]:
            if "<think>" in message["content"]:
                message["content"] = reformat_think(message["content"])
                if message["content"] is None:
                    success = False
        if success:
            whole.append(data)
    kept = []
    for data in whole:
        fail = False
        for message in data["messages"]:
            if message["role"] == "assistant":
                parts = parts_of(message["content"])
                if parts is None:
                    fail = True
                    break
                message["content"] = "\n\n".join([thought_of(parts[0], parts[1], mode), parts[2]])
        if not fail:
            kept.append(data)
    return kept


def thought_of(think: str | None, commentary: str, mode: str) -> str:
    if mode == "keep_only_think":
        if think is None or re.findall(r"<think>(.*?)</think>", think, flags=re.DOTALL)[0].strip() == "":
            think = "\n".join(["<think>", commentary.strip(), "</think>"])
    elif commentary.strip() != "" or think is None:
        think = "\n".join(["<think>", commentary.strip(), "</think>"])
    return think


def reformat_think(content: str) -> str | None:
    found = re.findall(r"<think>(.*?)</think>", content, flags=re.DOTALL)
    if len(found) != 1:
        return None
    section = "\n".join(["<think>", found[0].strip(), "</think>"])
    return re.sub(r"<think>.*?</think>", lambda _: section, content, flags=re.DOTALL)


def parts_of(text: str) -> tuple[str | None, str, str] | None:
    match = re.compile(r"^(<think>.*?</think>)?(.*?)(<tool_call>.*?</tool_call>)$", re.DOTALL).match(text.strip())
    return match.groups() if match else None  # type: ignore[return-value]
