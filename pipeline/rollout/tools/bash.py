"""The bash tool: one command, one fresh shell, mini-swe-agent's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.rollout.mini import BASH_TOOL
from pipeline.rollout.tools import Ran, Said, Shell

_LONGEST = 128 * 1024 - 1
"""Bytes that Linux takes in one argument of a program (MAX_ARG_STRLEN, less the closing NUL)."""


class Bash:
    """``bash -c`` in the sandbox."""

    schemas: Sequence[dict[str, Any]] = (BASH_TOOL,)
    named = "bash tool"

    def problem(self, name: str, arguments: Mapping[str, Any]) -> str:
        if name != "bash":
            return f"Unknown tool '{name}'."
        if "command" not in arguments:
            return "Missing 'command' argument in bash tool call."
        return unusable("command", arguments["command"])

    def run(self, name: str, arguments: Mapping[str, Any], shell: Shell) -> Ran:
        command: str = arguments["command"]
        if len(command.encode()) > _LONGEST:
            # A result and no format error: bash itself would have answered a too long script this way.
            return Said(b"bash: Argument list too long (128 KiB at most); write it in smaller parts", 126)
        return shell(["bash", "-c", command])


def unusable(name: str, value: Any) -> str:
    """What keeps ``value`` from being an argument of a program; "" when nothing does."""
    if not isinstance(value, str):
        return f"The '{name}' argument must be a text."
    if "\0" in value:
        return f"The '{name}' argument holds a NUL character, which no program takes."
    try:
        value.encode()
    except UnicodeEncodeError:
        return f"The '{name}' argument holds half of a surrogate pair."
    return ""
