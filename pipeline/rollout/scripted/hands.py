"""Tool calls: how the scripted model looks at files, changes them and submits.

One class per tool set, chosen by the tools that the request offers: bash alone, or bash and the
editor. What both can do by a command, both do by a command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.rollout.scripted.code import Code, Edit

SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"


@dataclass(frozen=True)
class Call:
    """A tool call."""

    name: str
    arguments: dict[str, Any]


def bash(command: str) -> Call:
    """Any command."""
    return Call("bash", {"command": command})


def submit() -> Call:
    """The end of the task, in both tool sets."""
    return bash(SUBMIT)


class BashHands:
    """Views by sed, edits by sed with the new lines on its stdin (so that nothing needs escaping)."""

    def view(self, path: str, first: int, last: int) -> Call:
        """Show lines first..last."""
        return bash(f"sed -n '{first},{last}p' {shlex.quote(path)}")

    def lines(self, shown: str) -> list[str]:
        """The file's lines out of what ``view`` showed."""
        return shown.split("\n")[:-1] if shown.endswith("\n") else shown.split("\n")

    def change(self, code: Code, edit: Edit) -> Call:
        """Make ``edit``."""
        return sed(code.path, edit)


class EditorHands:
    """Views and edits by the editor tool."""

    def __init__(self, tool: str) -> None:
        self._tool = tool

    def view(self, path: str, first: int, last: int) -> Call:
        """Show lines first..last."""
        return Call(self._tool, {"command": "view", "path": path, "view_range": [first, last]})

    def lines(self, shown: str) -> list[str]:
        """The file's lines out of what ``view`` showed, which are numbered."""
        return [match.group(1) for match in re.finditer(r"^ *\d+\t(.*)$", shown, re.MULTILINE)]

    def change(self, code: Code, edit: Edit) -> Call:
        """Make ``edit``: an insertion by line, a replacement by the text it replaces."""
        new = "\n".join(edit.lines)
        where = {"path": code.path}
        if edit.last < edit.first:
            return Call(self._tool, {"command": "insert", **where, "insert_line": edit.first - 1, "new_str": new})
        old = [code.line(number) for number in range(edit.first, edit.last + 1)]
        above = [code.line(number) for number in range(max(code.first, edit.first - 2), edit.first)]
        texts = {"old_str": "\n".join([*above, *old]), "new_str": "\n".join([*above, new])}
        return Call(self._tool, {"command": "str_replace", **where, **texts})


Hands = BashHands | EditorHands


def hands_for(tools: Sequence[dict[str, Any]]) -> Hands:
    """The hands for the tools on offer: the editor's where one of them can ``str_replace``."""
    for tool in tools:
        function = tool.get("function", {})
        command = function.get("parameters", {}).get("properties", {}).get("command", {})
        if "str_replace" in command.get("enum", ()):
            return EditorHands(function["name"])
    return BashHands()


def sed(path: str, edit: Edit) -> Call:
    """``edit`` as one sed command that reads the new lines from a here-document."""
    end = "EOF"
    while end in edit.lines:
        end += "_"
    if edit.last < edit.first:
        script = f"'{edit.first - 1}r /dev/stdin'"
    else:
        script = f"-e '{edit.last}r /dev/stdin' -e '{edit.first},{edit.last}d'"
    return bash("\n".join([f"sed -i {script} {shlex.quote(path)} <<'{end}'", *edit.lines, end]))
