"""The scripted model with the pipeline's own tool sets, editor included."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest

from pipeline.rollout.scripted.hands import SUBMIT
from pipeline.rollout.scripted.replies import reply
from pipeline.rollout.tools import Ran, Said, tool_set
from pipeline.types import Message
from tests.scripted.player import diff, repository

TEXT = "def f(rows):\n    a = len(rows)\n    return a\n\n\ndef g(rows):\n    a = len(rows)\n    return a\n"


def play(folder: Path, task: str, tools: str) -> list[str]:
    """The names and commands of the calls made."""

    def shell(command: object) -> Ran:
        ran = subprocess.run(list(command), cwd=folder, capture_output=True)  # type: ignore[call-overload]
        return dataclasses.replace(Said(ran.stdout + ran.stderr), exit_code=ran.returncode)

    offered, calls = tool_set(tools), []
    messages: list[Message] = [{"role": "user", "content": task}]
    for _ in range(10):
        turn = reply(messages, list(offered.schemas))
        call = turn["tool_calls"][0]
        name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
        calls.append(f"{name} {arguments['command'].split()[0]}")
        if arguments["command"] == SUBMIT:
            return calls
        assert offered.problem(name, arguments) == ""
        said = offered.run(name, arguments, shell).output.decode()
        messages += [turn, {"role": "tool", "tool_call_id": call["id"], "content": said}]
    raise AssertionError("did not submit")


@pytest.mark.parametrize("tools", ["bash", "editor"])
@pytest.mark.parametrize(
    "symptom", ["accepts a missing `rows`", "misleads by the name `a`", "uses the bare number `7`"]
)
def test_both_tool_sets_lead_to_the_same_patch(tmp_path: Path, tools: str, symptom: str) -> None:
    text = TEXT.replace("return a", "return a + 7")
    task = f"`g` in `lib/x.py` {symptom}."
    one, two = (repository(tmp_path / name, {"lib/x.py": text}) for name in ("one", "two"))
    play(one, task, "bash")
    play(two, task, tools)
    assert diff(two) and diff(one) == diff(two)


def test_the_editor_views_and_inserts(tmp_path: Path) -> None:
    calls = play(repository(tmp_path, {"x.py": TEXT}), "`g` in `x.py` accepts a missing `rows`.", "editor")
    assert calls == ["bash grep", "str_replace_editor view", "str_replace_editor insert", "bash git", "bash echo"]


def test_text_that_stands_there_twice_is_edited_by_line(tmp_path: Path) -> None:
    method = "    def f(self, b):\n        if b:\n            raise ValueError('bad thing')\n        return b\n"
    folder = repository(tmp_path, {"x.py": f"class A:\n{method}\n\nclass B:\n{method}"})
    calls = play(folder, "The error of `B.f` in `x.py` does not show the offending `b`.", "editor")
    assert calls[2:4] == ["str_replace_editor str_replace", "bash sed"]
    lines = (folder / "x.py").read_text().splitlines()
    assert ["{b!r}" in line for line in lines if "raise" in line] == [False, True]
