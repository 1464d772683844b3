"""The columns of ``chat`` and ``datasets``, and how Hugging Face's data cards write them down (pure).

A type is a name ("string", "int64", "float64", "json"), a list of one type, or a dict of named types.
"""

from __future__ import annotations

import types
import typing
from typing import Any

from pipeline.export.chat import METADATA
from pipeline.types import Sample

Type = Any
"""str, [Type] or {str: Type}."""

_CALL = {"id": "string", "type": "string", "function": {"name": "string", "arguments": "string"}}


def columns(with_reasoning: bool, tools: Type) -> dict[str, Type]:
    """Column to type. ``tools`` is the type of that column: JSON schemas have no common one."""
    reasoning: dict[str, Type] = {"reasoning_content": "string"} if with_reasoning else {}
    message = {"role": "string", "content": "string", **reasoning, "tool_calls": [_CALL], "tool_call_id": "string"}
    hints = typing.get_type_hints(Sample)
    return {"messages": [message], "tools": tools, **{name: _scalar(hints[name]) for name in METADATA}}


def features(named: dict[str, Type]) -> list[dict[str, Any]]:
    """``dataset_info.features`` of a data card."""
    return [_feature(name, type) for name, type in named.items()]


def _feature(name: str, type: Type) -> dict[str, Any]:
    if isinstance(type, list):
        return {"name": name, "list": features(type[0]) if isinstance(type[0], dict) else type[0]}
    if isinstance(type, dict):
        return {"name": name, "struct": features(type)}
    return {"name": name, "dtype": type}


def _scalar(hint: Any) -> Type:
    """The type of a field of Sample: int, float or text, optional or not; literals by their values."""
    if typing.get_origin(hint) is typing.Literal:
        hint = type(typing.get_args(hint)[0])
    if isinstance(hint, types.UnionType):
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        return [_scalar(typing.get_args(hint)[0])]
    return {int: "int64", float: "float64", bool: "bool"}.get(hint, "string")
