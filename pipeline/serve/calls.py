"""Tool calls in a model's text, in the Hermes form: ``<tool_call>{"name": ..., "arguments": ...}</tool_call>``."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from pipeline.types import Message

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)


def as_message(text: str) -> Message:
    """The assistant message that ``text`` is.

    With one call that is not a JSON object with a name and arguments, the whole text stays content:
    the caller sees a malformed turn, never half of one.
    """
    calls = [_parsed(found) for found in _CALL.findall(text)]
    if not calls or None in calls:
        return {"role": "assistant", "content": text}
    return {"role": "assistant", "content": _CALL.sub("", text).strip() or None, "tool_calls": calls}


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        call = json.loads(text)
        name, arguments = call["name"], call["arguments"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {"id": f"call_{secrets.token_hex(8)}", "type": "function", "function": function}
