"""The server's process: waited for, quoted when it dies, and gone with us however we end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import InputError, RunError
from pipeline.serve.process import Command, held_ports, model_server

# A server that starts a child, as engines do; both write their ids down.
SERVER = """
import http.server, os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[2], "w").write(f"{os.getpid()} {child.pid}")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def command(port: int, ids: Path) -> Command:
    return Command((sys.executable, "-c", SERVER, str(port), str(ids)))


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/health"


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter when it ends between open and read
        return False
    return state != "Z"


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 30
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


def test_it_answers_inside_the_block_and_all_of_it_is_gone_after(tmp_path: Path) -> None:
    with (
        held_ports(0) as [port],
        model_server(command(port, tmp_path / "ids"), url(port), log=tmp_path / "log", seconds=200),
    ):
        pids = [int(pid) for pid in (tmp_path / "ids").read_text().split()]
        assert all(map(alive, pids))
    assert gone(pids)


def test_all_of_it_is_gone_when_we_are_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.serve.test_process import *\n"
        f"place = Path({str(tmp_path)!r})\n"
        "with (held_ports(0) as [port],\n"
        "      model_server(command(port, place / 'ids'), url(port), log=place / 'log', seconds=200)):\n"
        "    print('up', flush=True); time.sleep(600)"
    )
    ours = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert ours.stdout is not None
    assert ours.stdout.readline() == b"up\n"
    pids = [int(pid) for pid in (tmp_path / "ids").read_text().split()]
    os.kill(ours.pid, signal.SIGKILL)
    ours.communicate()
    assert gone(pids)


def test_a_server_that_dies_is_quoted(tmp_path: Path) -> None:
    dying = Command((sys.executable, "-c", "print('loading'); raise ValueError('no kernel for this chip')"))
    with (
        pytest.raises(RunError, match="ValueError: no kernel for this chip"),
        model_server(dying, "http://127.0.0.1:9/health", log=tmp_path / "log", seconds=60),
    ):
        pytest.fail("entered without a server")


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    silent = Command((sys.executable, "-c", "import time; print('thinking', flush=True); time.sleep(600)"))
    with (
        held_ports(0) as [port],
        pytest.raises(RunError, match="no answer"),
        model_server(silent, url(port), log=tmp_path / "log", seconds=1),
    ):
        pytest.fail("entered without an answer")


def test_ports() -> None:
    with held_ports(0, 3) as ports:
        assert len(set(ports)) == 3 and min(ports) > 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="port"), held_ports(port):
            pytest.fail("entered with a taken port")
        with pytest.raises(InputError, match=f"port {port}"), held_ports(port - 1, 2):
            pytest.fail("entered with a taken port")
    with pytest.raises(InputError, match="99999"), held_ports(99999):
        pytest.fail("entered with no port")


def test_a_held_port_goes_to_who_asks_for_it_and_to_nobody_else() -> None:
    with held_ports(0) as [port], socket.socket() as server:
        for _ in range(40_000):  # more than there are to give
            with socket.socket() as other:
                other.bind(("127.0.0.1", 0))
                assert other.getsockname()[1] != port
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        socket.create_connection(("127.0.0.1", port)).close()


def test_a_log_that_cannot_be_written_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="log cannot be written"),
        model_server(Command(("true",)), "http://127.0.0.1:9/", log=tmp_path / "file" / "log", seconds=1),
    ):
        pytest.fail("entered")


def test_runs_that_share_a_log_have_their_adapters_apart_and_what_a_killed_one_left_goes(tmp_path: Path) -> None:
    from pipeline.serve import _copies

    log = tmp_path / "serve.log"
    with _copies(log) as one:
        with _copies(log) as other:
            assert one != other and one.is_dir() and other.is_dir()
        assert one.is_dir() and not other.exists()
        script = (
            "import os; from pathlib import Path; from pipeline.serve import _copies\n"
            f"copies = _copies(Path({str(log)!r})); copies.__enter__(); os.kill(os.getpid(), 9)"
        )
        assert subprocess.run([sys.executable, "-c", script]).returncode == -signal.SIGKILL
        assert len(list(tmp_path.iterdir())) == 2
        with _copies(log):
            assert len(list(tmp_path.iterdir())) == 2 and one.is_dir()
    assert list(tmp_path.iterdir()) == []
