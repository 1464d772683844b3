"""Servers that are kept up, with real processes: killed, ill, hopeless, several; the pure rules beside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError, RunError
from pipeline.serve import adapters, restarts
from pipeline.serve.fleet import Fleet
from pipeline.serve.process import Command, held_ports
from pipeline.serve.replica import Replica
from pipeline.serve.restarts import LONGEST_WAIT, QUICK_DEATHS, QUICK_SECONDS, Restarts
from tests.serve.test_process import alive, gone

# A server with a child. It is ill while the file "ill" is there, ends at once when "broken" is, and notes its starts.
SERVER = """
import http.server, os, pathlib, subprocess, sys
place = pathlib.Path(sys.argv[2])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with (place / f"starts-{sys.argv[1]}").open("a") as starts:
    starts.write(f"{os.getpid()} {child.pid}\\n")
if (place / "broken").exists():
    raise ValueError("out of memory")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if (place / "ill").exists() else 200)
        self.send_header("content-length", "0")
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def commands(place: Path, ports: list[int]) -> list[tuple[Command, int]]:
    return [(Command((sys.executable, "-c", SERVER, str(port), str(place))), port) for port in ports]


def starts(place: Path, port: int) -> list[list[int]]:
    """Process ids of each start: the server's and its child's."""
    path = place / f"starts-{port}"
    return [[int(pid) for pid in line.split()] for line in path.read_text().splitlines()] if path.exists() else []


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@contextmanager
def running(place: Path, count: int = 1) -> Iterator[tuple[Fleet, list[int]]]:
    fleet = Fleet(None)
    with held_ports(0, count) as ports:
        try:
            fleet.start(commands(place, ports), lambda port: place / f"log-{port}")
            yield fleet, ports
        finally:
            fleet.end()
    assert gone([pid for port in ports for start in starts(place, port) for pid in start])


def answers(port: int) -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}/health", timeout=5, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_a_killed_server_is_started_again_on_its_port(tmp_path: Path) -> None:
    with running(tmp_path) as (fleet, (port,)):
        for round_ in (1, 2):
            os.kill(starts(tmp_path, port)[-1][0], signal.SIGKILL)
            until(lambda round_=round_: len(starts(tmp_path, port)) == round_ + 1 and answers(port))
            assert gone([pid for start in starts(tmp_path, port)[:-1] for pid in start]), "its children went with it"
        assert fleet.replicas[0].failure is None


def test_a_server_that_says_it_is_ill_is_started_again(tmp_path: Path) -> None:
    with running(tmp_path) as (_, (port,)):
        (tmp_path / "ill").touch()
        until(lambda: len(starts(tmp_path, port)) == 2)
        (tmp_path / "ill").unlink()
        until(lambda: answers(port))


def test_one_that_dies_again_and_again_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "LONGEST_WAIT", 0.05)
    with running(tmp_path) as (fleet, (port,)):
        (tmp_path / "broken").touch()
        os.kill(starts(tmp_path, port)[-1][0], signal.SIGKILL)
        with pytest.raises(RunError, match=f"died {QUICK_DEATHS} times in a row"):
            fleet.wait()
        assert len(starts(tmp_path, port)) == QUICK_DEATHS


def test_of_several_the_others_serve_on_when_one_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "LONGEST_WAIT", 0.05)
    with running(tmp_path, 2) as (fleet, ports):
        assert fleet.urls == tuple(f"http://127.0.0.1:{port}/v1" for port in ports)
        (tmp_path / "broken").touch()
        os.kill(starts(tmp_path, ports[0])[-1][0], signal.SIGKILL)
        until(lambda: fleet.replicas[0].failure is not None)
        until(lambda: answers(ports[1]))
        assert fleet.replicas[1].failure is None


def test_a_first_start_that_fails_ends_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(RunError, match="ValueError: out of memory"), running(tmp_path, 2):
        pytest.fail("started")


def test_what_is_to_be_loaded_is_loaded_at_each_start_and_its_failure_is_a_death(tmp_path: Path) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        if len(prepared) == 2:
            raise RunError("the adapter is gone")

    with held_ports(0) as [port]:
        ((command, _),) = commands(tmp_path, [port])
        replica = Replica(command, port, tmp_path / "log", prepare)
        try:
            replica.start()
            replica.keep(lambda: None)
            os.kill(starts(tmp_path, port)[-1][0], signal.SIGKILL)
            until(lambda: len(prepared) == 3 and answers(port))
            assert len(starts(tmp_path, port)) == 3
        finally:
            replica.end()


def test_replicas_are_gone_when_we_are_killed(tmp_path: Path) -> None:
    script = (
        "import time; from pathlib import Path; from tests.serve.test_fleet import running\n"
        f"with running(Path({str(tmp_path)!r}), 2) as (fleet, ports):\n"
        "    print(*ports, flush=True); time.sleep(600)"
    )
    ours = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert ours.stdout is not None
    ports = [int(port) for port in ours.stdout.readline().split()]
    pids = [pid for port in ports for start in starts(tmp_path, port) for pid in start]
    assert len(pids) == 4 and all(map(alive, pids))
    os.kill(ours.pid, signal.SIGKILL)
    ours.communicate()
    assert gone(pids)


def test_an_end_while_a_server_starts_does_not_wait_for_it(tmp_path: Path) -> None:
    silent = Command((sys.executable, "-c", "import time; time.sleep(600)"))
    with held_ports(0) as [port]:
        replica = Replica(silent, port, tmp_path / "log", lambda url: None)
    errors: list[str] = []

    def start() -> None:
        try:
            replica.start()
        except RunError as error:
            errors.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    until(lambda: replica.watchdog is not None)
    replica.cancel()
    thread.join(60)
    assert errors == ["serve: stopped while the server was starting"]


@given(st.lists(st.floats(0, QUICK_SECONDS, exclude_max=True), max_size=12))
def test_quick_deaths_wait_longer_and_longer_and_end(lives: list[float]) -> None:
    state, waits = Restarts(), []
    for lived in lives:
        state = state.died(lived)
        waits.append(state.wait)
    assert waits == sorted(waits) and all(1 <= wait <= LONGEST_WAIT for wait in waits)
    assert state.is_hopeless == (len(lives) >= QUICK_DEATHS)
    assert state.died(QUICK_SECONDS) == Restarts(1), "a long life makes them forgotten"


def folder(path: Path, **files: bytes) -> Path:
    path.mkdir()
    default = {"adapter_config.json": b'{"r": 8}', "adapter_model.safetensors": b"weights"}
    for name, data in {**default, **{k.replace("_json", ".json"): v for k, v in files.items()}}.items():
        (path / name).write_bytes(data)
    return path


def test_a_copy_is_what_is_served(tmp_path: Path) -> None:
    source = folder(tmp_path / "source")
    (source / "checkpoint-8").mkdir()
    first = adapters.stage(source, tmp_path / "copies")
    assert adapters.stage(source, tmp_path / "copies") == first, "the same again has its place already"
    assert sorted(p.name for p in first.path.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    (source / "adapter_model.safetensors").write_bytes(b"others")
    second = adapters.stage(source, tmp_path / "copies")
    assert second.path != first.path and second.mark != first.mark
    assert (first.path / "adapter_model.safetensors").read_bytes() == b"weights"
    assert sorted(p.name for p in (tmp_path / "copies").iterdir()) == sorted([first.path.name, second.path.name])


def test_what_is_no_adapter_or_does_not_fit_is_refused(tmp_path: Path) -> None:
    for bad in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(InputError, match="no adapter"):
            adapters.stage(bad, tmp_path / "copies")
        assert adapters.mark(bad) == ()

    def staged(name: str, rank: int, template: bytes | None = None) -> adapters.Staged:
        made = folder(tmp_path / name)
        (made / "adapter_config.json").write_text(f'{{"r": {rank}}}')
        if template is not None:
            (made / "chat_template.jinja").write_bytes(template)
        return adapters.stage(made, tmp_path / "copies")

    first = staged("first", 8, b"one")
    adapters.fits(staged("same", 16, b"one"), first, 16)
    for other, says in ((staged("large", 17, b"one"), "rank 17"), (staged("two", 8, b"two"), "chat template")):
        with pytest.raises(RunError, match=says):
            adapters.fits(other, first, 16)
    nothing: Any = Fleet(None)
    with pytest.raises(RunError, match="without an adapter"):
        nothing.move(first)
