"""A bare agent loop for tests: plays a conversation with the scripted model in a plain folder."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from pipeline.rollout.scripted.hands import SUBMIT
from pipeline.rollout.scripted.replies import reply
from pipeline.types import Message

BASH = {
    "type": "function",
    "function": {"name": "bash", "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}},
}


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A git repository with one commit of ``files``, the same one whenever it is made."""
    when = "2026-01-05T10:00:00Z"
    environment = {**os.environ, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "start"],
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True, env=environment)
    return folder


def play(folder: Path, task: str, steps: int = 12) -> list[Message]:
    """The whole conversation; ends with the turn that submits."""
    messages: list[Message] = [{"role": "user", "content": task}]
    for _ in range(steps):
        turn = reply(messages, [BASH])
        messages.append(turn)
        call = turn["tool_calls"][0]
        command = json.loads(call["function"]["arguments"])["command"]
        if command == SUBMIT:
            return messages
        ran = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)
        content = json.dumps({"returncode": ran.returncode, "output": (ran.stdout + ran.stderr)[:10000]})
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    raise AssertionError("did not submit")


def diff(folder: Path) -> str:
    """What changed in ``folder`` since its commit."""
    return subprocess.run(["git", "-C", str(folder), "diff"], check=True, capture_output=True, text=True).stdout
