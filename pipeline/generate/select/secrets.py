"""Secrets in what a rollout shows, says and changes. Pure.

A model that is trained on a key can give it away, so the whole rollout is left out: a trajectory
must stay what the model saw. Keys that lie in the repository and were merely printed count too.
Personal data does not: names and addresses stand in every licence header and history.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipeline.collect.redact import redact
from pipeline.types import Message, Rollout

SECRET = ("token", "password", "private_key")
"""Kinds of ``pipeline.collect.redact`` that open something."""


def secrets_in(rollout: Rollout) -> tuple[str, ...]:
    """Like ``token in message 7``: the first place (0-based) of each kind, never a value."""
    first: dict[str, str] = {}
    for place, text in _texts(rollout):
        counts: Counter[str] = Counter()
        redact(text, counts)
        for kind in SECRET:
            if counts[kind]:
                first.setdefault(kind, f"{kind} in {place}")
    return tuple(first.values())


def _texts(rollout: Rollout) -> Iterator[tuple[str, str]]:
    yield "the patch", rollout.patch
    for number, message in enumerate(rollout.messages):
        yield f"message {number}", "\n".join(_parts(message))


def _parts(message: Message) -> Iterator[str]:
    for key in ("content", "reasoning", "reasoning_content"):
        if message.get(key):
            yield str(message[key])
    for call in message.get("tool_calls") or ():
        yield from _arguments(call)


def _arguments(call: dict[str, Any]) -> Iterator[str]:
    """As the tool gets them: JSON's backslashes would hide a quoted value."""
    written = str(call.get("function", {}).get("arguments") or "")
    try:
        arguments = json.loads(written)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        yield written
        return
    yield from map(str, arguments.values())
