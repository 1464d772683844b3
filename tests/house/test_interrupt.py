"""Ctrl-C and kill in the middle of work: a quick end, no traceback, no process left, and the same command goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LINES = [
    "generate --repo demo/reckon --out {} --teacher-model scripted --samples 4 --concurrency 2",
    "evaluate --db ok.db --out {} --model own=scripted --newest 2 --concurrency 2",
]


def descendants(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [(int(child), int(parent)) for child, parent in (line.split() for line in listed.splitlines())]
    found = {pid}
    while more := {child for child, parent in pairs if parent in found} - found:
        found |= more
    return found - {pid}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: object, seconds: float = 200) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("line", LINES)
def test_the_same_command_goes_on_after_an_interruption(
    mistakes: Path, tmp_path: Path, line: str, how: signal.Signals
) -> None:
    command = [sys.executable, "-m", "pipeline.cli", *line.format(tmp_path / "out").split()]
    rollouts = tmp_path / "out" / "rollouts.jsonl"
    with subprocess.Popen(command, cwd=mistakes, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        wait_until(lambda: (rollouts.exists() and rollouts.stat().st_size) or running.poll() is not None)
        started = descendants(running.pid)
        os.kill(running.pid, how)
        out, err = running.communicate(timeout=200)
    assert running.returncode == (130 if how == signal.SIGINT else -signal.SIGTERM), err
    assert out == "" and "Traceback" not in err
    assert ("interrupted; the same command goes on from here" in err) == (how == signal.SIGINT)
    wait_until(lambda: not any(map(is_alive, started)))
    before = rollouts.read_text().splitlines(keepends=True)
    subprocess.run(command, cwd=mistakes, capture_output=True, check=True)
    after = rollouts.read_text().splitlines(keepends=True)
    assert after[: len(before) - 1] == before[:-1], "what was finished was made again"
    ids = [json.loads(row)["id"] for row in after]
    assert len(ids) == len(set(ids))
