"""A starter that is killed while it starts a sandbox leaves nothing for ever."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.rollout.sandbox import Sandbox, arguments
from pipeline.rollout.sandbox.orphans import end_orphans


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """bubblewrap, held in the moment before it tells the sandbox's first process to go on; and that process.

    By a name of its own: other processes of ours look for orphans, too.
    """
    own = tmp_path / "bwrap"
    own.symlink_to(arguments.BWRAP)
    monkeypatch.setattr(arguments, "BWRAP", own)
    blocks, never = os.pipe()
    told, tells = os.pipe()
    words = [str(arguments.BWRAP), *arguments.namespaces(), "--ro-bind", "/", "/"]
    words.remove("--disable-userns")  # does not go with what holds it here
    words += ["--info-fd", str(tells), "--userns-block-fd", str(blocks), "true"]
    process = subprocess.Popen(words, pass_fds=[blocks, tells])
    try:
        os.close(tells)
        said = b""
        while b"," not in said and b"}" not in said and (more := os.read(told, 4096)):
            said += more
        yield process, int(re.findall(rb'"child-pid": (\d+)', said)[0])
    finally:
        process.kill()
        process.wait()
        for descriptor in (blocks, never, told):
            os.close(descriptor)


def wait(until: Callable[[], bool]) -> None:
    for _ in range(4000):
        if until():
            return
        time.sleep(0.005)
    raise AssertionError("waited in vain")


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_the_first_process_of_a_sandbox_whose_starter_was_killed_is_ended(
    held: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, first = held
    assert first not in end_orphans(), "as long as bubblewrap lives it is none"
    process.kill()
    process.wait()
    assert is_there(first), "it would wait for ever"
    assert first in end_orphans()
    wait(lambda: not is_there(first))


def test_sandboxes_that_run_are_left_alone(box: Sandbox, checkout: Path) -> None:
    codes: list[int] = []
    thread = threading.Thread(
        target=lambda: codes.append(box.run(["bash", "-c", "touch up; sleep 1"], checkout).exit_code)
    )
    thread.start()
    wait((checkout / "up").exists)
    end_orphans()
    thread.join()
    assert codes == [0]
