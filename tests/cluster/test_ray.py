"""``generate --ray`` on a real cluster of two nodes that are processes here: nothing lost, nothing twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from pipeline.jsonl import read
from tests.cluster.conftest import DOOR, KEY, Cluster, Command, contents, said
from tests.house.test_interrupt import descendants, is_alive, wait_until

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]
OURS = ("ray::Node", "bwrap")
FEW = 40
"""Requests that are answered while the nodes start: some rollouts' worth, and not the whole run's."""


def ours(cluster: Cluster) -> list[str]:
    """Processes of ours on the cluster: hosts of rollouts, and sandboxes."""
    lines = []
    for pid in descendants(cluster.pid):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        lines += [f"{pid} {line}"] if any(name in line for name in OURS) else []
    return lines


def started(command: Command, out: Path, cluster: Cluster) -> subprocess.Popen[bytes]:
    """A run in which both nodes work and a rollout has ended; it stays there until the door is opened."""
    before = lines(out)
    DOOR.let_in(FEW)
    running = command.start(out, "--ray", cluster.address)
    wait_until(
        lambda: running.poll() is not None or (said(out).count(": ready") == 2 and lines(out) > before), seconds=300
    )
    assert running.poll() is None, said(out)
    return running


def kill_node(raylet: int) -> None:
    """With all that it has started: a worker alone could outlive its raylet until the run is over."""
    for pid in [raylet, *descendants(raylet)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def lines(out: Path) -> int:
    path = out / "rollouts.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_a_node_that_is_killed_costs_nothing(
    command: Command, cluster: Cluster, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    # First the driver, while both nodes live: kill -9 leaves nothing running on them.
    out = tmp_path / "out"
    running = started(command, out, cluster)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    DOOR.open()
    before = [row["id"] for row in read(out / "rollouts.jsonl")]
    wait_until(lambda: not ours(cluster), 120)

    # Then the same command again, and a node with everything on it.
    running = started(command, out, cluster)
    kill_node(cluster.raylets[0])
    DOOR.open()
    stdout, _ = running.communicate()
    assert (running.returncode, stdout.count(b"\n")) == (0, 4), said(out)
    assert "our process died there" in said(out)
    after = [row["id"] for row in read(out / "rollouts.jsonl")]
    assert after[: len(before)] == before and len(set(after)) == len(after)
    assert contents(out) == undisturbed
    wait_until(lambda: not ours(cluster), 120)
    assert not is_alive(cluster.raylets[0]) and is_alive(cluster.raylets[1])

    hiding = [path for path in cluster.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert hiding == []
    assert "Traceback" not in said(out) and "raylet" not in said(out)
