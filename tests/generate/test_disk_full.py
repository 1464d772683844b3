"""A disk that is full in the middle of a run: one line, exit 1, and the same command goes on once there is room."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.jsonl import read
from tests.generate.test_generate_run import SAMPLES, contents, made, repo, url
from tests.house.test_interrupt import wait_until

__all__ = ["made", "repo", "url"]  # fixtures


def command(repo: Path, out: Path) -> list[str]:
    what = ["--repo", repo, "--out", out, "--samples", SAMPLES, "--concurrency", 2, "--prompt", "compact"]
    words = [sys.executable, "-m", "pipeline.cli", "generate", *what, "--teacher-model", "scripted"]
    return [str(word) for word in words]


@pytest.mark.parametrize("room", [5_000])
def test_a_full_disk_loses_nothing(repo: Path, made: Path, tmp_path: Path, room: int) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    rollouts = out / "rollouts.jsonl"
    with err.open("w") as file:
        running = subprocess.Popen(command(repo, out), stdout=subprocess.PIPE, stderr=file)
    wait_until(lambda: running.poll() is not None or (rollouts.exists() and rollouts.stat().st_size > 0))
    # No file of it may grow beyond this; Python ignores SIGXFSZ, so that a write fails as on a full disk.
    size = rollouts.stat().st_size + room
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    stdout, _ = running.communicate()
    assert (running.returncode, stdout) == (1, b""), err.read_text()
    last = err.read_text().strip().splitlines()[-1]
    assert "Traceback" not in err.read_text()
    assert "could not be written" in last and "free space, then run the same command again" in last
    before = [row["id"] for row in read(rollouts)]
    subprocess.run(command(repo, out), capture_output=True, check=True)
    after = [row["id"] for row in read(rollouts)]
    assert after[: len(before)] == before and len(set(after)) == len(after)
    assert contents(out) == contents(made)
