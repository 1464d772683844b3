"""The worker beside the receiver: rung, started again, and never left behind."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.serve import watch
from bot.serve.watch import Watched

COUNT = "import sys; open(sys.argv[1], 'a').write(f'{len(sys.stdin.buffer.read())} bytes and the end\\n')"
FAIL = "import sys; open(sys.argv[1], 'a').write('here\\n'); sys.exit(3)"
DEAF = (
    "import signal, sys, time; signal.signal(15, signal.SIG_IGN); open(sys.argv[1], 'w').write('up'); time.sleep(600)"
)


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def command(script: str, file: Path) -> list[str]:
    return [sys.executable, "-c", script, str(file)]


def test_rings_arrive_and_the_end_of_the_pipe_ends_it(tmp_path: Path) -> None:
    watched = Watched(command(COUNT, tmp_path / "said"))
    watched.ring()  # nobody there yet: no harm, it looks by itself when it starts
    watched.start()
    wait_for(watched.alive)
    for _ in range(3):
        watched.ring()
    watched.stop()
    assert (tmp_path / "said").read_text() == "3 bytes and the end\n"
    assert not watched.alive()
    watched.ring()


def test_one_that_ends_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = tmp_path / "said"
    watched = Watched(command(FAIL, said), first_wait=0.01)
    watched.start()
    wait_for(lambda: said.exists() and said.read_text().startswith("here\n" * 3))
    watched.stop()
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert lines[:2] == [
        f"the worker ended with status 3; started again in {wait} s, deliveries wait" for wait in (0.01, 0.02)
    ]


def test_one_that_cannot_be_started_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched([str(tmp_path / "nothing")], first_wait=0.01)
    watched.start()
    wait_for(lambda: len(caplog.records) >= 2)
    watched.stop()
    assert "not started: No such file or directory" in caplog.records[0].getMessage()


def test_one_that_hears_nothing_is_killed_and_its_full_pipe_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "GRACE_SECONDS", 0.4)
    watched = Watched(command(DEAF, tmp_path / "said"))
    watched.start()
    wait_for(lambda: (tmp_path / "said").exists())
    for _ in range(100_000):
        watched.ring()
    watched.stop()
    wait_for(lambda: not watched.alive())


def test_it_goes_when_we_are_killed(tmp_path: Path) -> None:
    said = tmp_path / "said"
    parent = (
        f"from bot.serve.watch import Watched; w = Watched({command(COUNT, said)!r}); w.start()\n"
        "while not w.alive(): pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent + "print(flush=True); input()"], stdin=-1, stdout=-1
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    wait_for(said.exists)
    wait_for(lambda: said.read_text() == "0 bytes and the end\n")
