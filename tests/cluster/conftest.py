"""A repository, what an undisturbed run without Ray makes of it, and a cluster of processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.rollout.scripted import server
from tests.scripted.player import repository

KEY = "sk-never-to-be-seen-in-ray"
SAMPLES = 12


FUNCTION = """\
def check_{0}(size, unit):
    if size < {0}:
        raise ValueError("size must be {0} or more")
    scaled = size * 12
    return scaled, unit
"""


@pytest.fixture(scope="session")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"lib/part_{number}.py": FUNCTION.format(number) for number in range(SAMPLES)}
    return repository(tmp_path_factory.mktemp("cluster") / "shop", files)


class Door:
    """What requests go through: open, or shut behind the next few, so that a run stays in its middle."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._few = threading.Semaphore(0)

    def let_in(self, few: int) -> None:
        """From now on so many, and then none until it is opened."""
        self._few = threading.Semaphore(few)
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def go_through(self) -> None:
        if self._open.is_set() or self._few.acquire(blocking=False):
            return
        self._open.wait()


DOOR = Door()


class _Slow(server._Handler):
    """The scripted model, slow enough for two nodes to share a run, and behind ``DOOR``."""

    def do_POST(self) -> None:
        time.sleep(0.3)
        DOOR.go_through()
        super().do_POST()


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    httpd = server._Server(("127.0.0.1", 0), _Slow)
    thread = threading.Thread(target=ThreadingHTTPServer.serve_forever, args=(httpd, 0.01))
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}/v1"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@dataclass(frozen=True)
class Command:
    """``generate`` as a user gives it, with the key in the environment."""

    repo: Path
    url: str

    def words(self, out: Path, *more: str) -> list[str]:
        what = ["--repo", self.repo, "--out", out, "--samples", SAMPLES, "--concurrency", 4, "--prompt", "compact"]
        teacher = ["--teacher-url", self.url, "--teacher-model", "scripted"]
        return [sys.executable, "-m", "pipeline.cli", "generate", *map(str, (*what, *teacher, *more))]

    def start(self, out: Path, *more: str) -> subprocess.Popen[bytes]:
        """With stderr in ``OUT.err``."""
        environment = {**os.environ, "SWITCHOVER_TEACHER_KEY": KEY}
        with out.with_suffix(".err").open("wb") as err:
            return subprocess.Popen(
                self.words(out, *more), stdout=subprocess.PIPE, stderr=err, stdin=subprocess.DEVNULL, env=environment
            )

    def run(self, out: Path, *more: str) -> int:
        running = self.start(out, *more)
        running.communicate()
        return running.returncode


@pytest.fixture(scope="session")
def command(repo: Path, url: str) -> Command:
    return Command(repo, url)


@pytest.fixture(scope="session")
def undisturbed(command: Command, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert command.run(out) == 0, said(out)
    return contents(out)


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in ("samples.jsonl", "left_out.jsonl")}


def said(out: Path) -> str:
    return out.with_suffix(".err").read_text()


@dataclass(frozen=True)
class Cluster:
    address: str
    pid: int
    raylets: tuple[int, ...]
    folder: Path
    """Everything that Ray writes."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("ray")
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ray-"))  # short: Ray makes sockets below it
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        environment = {**os.environ, "SWITCHOVER_TEACHER_KEY": KEY, "SWITCHOVER_CACHE": str(folder / "cache")}
        words = [sys.executable, "-m", "tests.cluster.made_of_processes", str(folder)]
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        stack.callback(process.communicate)
        assert process.stdout
        first = json.loads(process.stdout.readline())
        yield Cluster(first["address"], process.pid, tuple(first["raylets"]), folder)
