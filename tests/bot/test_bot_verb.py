"""``switchover bot`` as a user runs it: the whole command, real signals, real mistakes."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipeline import cli
from tests.bot.receiver import SECRET, rows, signed
from tests.house.test_interrupt import descendants, is_alive, wait_until

BODY = b'{"zen": "Keep it logically awesome."}'


@contextmanager
def running(db: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "pipeline.cli", "bot", "--db", str(db), "--port", "0", "--json", *words]
    environment = {**os.environ, "SWITCHOVER_WEBHOOK_SECRET": SECRET}
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def connection(told: dict[str, Any]) -> HTTPConnection:
    return HTTPConnection(urlsplit(told["url"]).netloc, timeout=60)


def post(told: dict[str, Any], guid: str) -> int:
    line = connection(told)
    line.request("POST", "/webhook", BODY, signed(BODY, guid, "ping"))
    status = line.getresponse().status
    line.close()
    return status


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_receives_until_it_is_told_to_end(tmp_path: Path, how: signal.Signals) -> None:
    db = tmp_path / "so.db"
    with running(db) as (process, told):
        assert told == {"url": told["url"], "pid": process.pid}
        assert post(told, "one") == 202
        wait_until(lambda: descendants(process.pid))
        started = descendants(process.pid)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("so.db*") if "worker" not in path.name}
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == "" and "Traceback" not in err
    lines = err.splitlines()
    assert lines[0] == f"switchover bot: {told['url']}  (webhooks at {told['url']}webhook; Ctrl-C ends it)"
    assert lines[-1] == "switchover bot: ended"
    assert SECRET not in err
    wait_until(lambda: not any(map(is_alive, started)))
    assert rows(db) == [("one", BODY)]
    assert modes == {0o600}


def test_a_request_that_has_begun_is_answered_before_the_end(tmp_path: Path) -> None:
    with running(tmp_path / "so.db") as (process, told):
        line = connection(told)
        line.putrequest("POST", "/webhook")
        for name, value in {**signed(BODY, "late"), "content-length": str(len(BODY))}.items():
            line.putheader(name, value)
        line.endheaders(BODY[:5])
        other = connection(told)
        other.request("GET", "/healthz")
        assert other.getresponse().read()
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not _listens(told))
        line.send(BODY[5:])
        assert line.getresponse().status == 202
        line.close()
        other.close()
        process.communicate(timeout=60)
    assert rows(tmp_path / "so.db", "guid") == [("late",)]


def _listens(told: dict[str, Any]) -> bool:
    place = urlsplit(told["url"])
    try:
        socket.create_connection((place.hostname or "", place.port or 0)).close()
    except OSError:
        return False
    return True


def test_it_goes_on_with_what_it_has_after_a_kill(tmp_path: Path) -> None:
    db = tmp_path / "so.db"
    for guid in ("one", "two"):
        with running(db) as (process, told):
            assert post(told, guid) == 202
            assert post(told, "both") == 202
            process.kill()
    assert rows(db, "guid") == [("one",), ("both",), ("two",)]


@pytest.mark.parametrize("words", [["bot", "--help"], ["--help"]])
def test_help_costs_nothing(words: list[str]) -> None:
    code = f"import sys; from pipeline import cli; cli.run({words}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "switchover bot" in done.stdout or words == ["--help"]
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"fastapi", "starlette", "uvicorn", "pydantic", "github", "sqlite3", "sqlite_utils", "asyncio"}


def test_the_receiver_never_imports_what_only_the_worker_needs() -> None:
    code = "import sys, bot.serve.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"github", "git", "torch"}


def refused(line: str, capfd: pytest.CaptureFixture[str]) -> str:
    handlers = logging.root.handlers[:]
    try:
        assert cli.run(["bot", *line.split()]) == 2
    finally:
        logging.root.handlers[:] = handlers
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("switchover: ") and err.count("\n") == 1
    return err


def test_a_port_that_is_taken_is_one_line_and_leaves_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Other mistakes: tests/house/test_bad_input.py."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(f"--db {tmp_path / 'so.db'} --port {port}", capfd)
    assert f"bot: 127.0.0.1:{port} cannot be listened on (Address already in use); give another" in said
    assert list(tmp_path.iterdir()) == []
