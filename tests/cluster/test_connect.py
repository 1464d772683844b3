"""Addresses that lead nowhere, and a machine without Ray: one line that says what to do, before anything is run."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from pipeline.cli import run
from pipeline.errors import InputError
from pipeline.generate.cluster import connect


def refused(repo: Path, out: Path, capsys: pytest.CaptureFixture[str], address: str) -> str:
    words = ["--repo", str(repo), "--out", str(out), "--samples", "2", "--teacher-model", "scripted"]
    assert run(["generate", *words, "--ray", address]) == 2
    stdout, stderr = capsys.readouterr()
    lines = stderr.strip().splitlines()
    assert stdout == "" and lines and "Traceback" not in stderr
    assert f"--ray {address}" in lines[-1] or "--ray: " in lines[-1]
    return lines[-1]


@pytest.mark.parametrize(
    "address", ["", "head", "http://head:1", "ray://head", "head:port", "ray:head:1", "head:123456"]
)
def test_an_address_of_no_known_form_is_refused(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    said = refused(repo, tmp_path / "out", capsys, address)
    assert "expected auto, local, HOST:PORT or ray://HOST:PORT" in said
    assert not (tmp_path / "out").exists()


def test_without_ray_the_command_to_install_it_is_named(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install 'switchover[cluster]'" in refused(repo, tmp_path / "out", capsys, "auto")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def deaf() -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_port_at_which_nobody_listens_is_said_at_once(scheme: str, deaf: int) -> None:
    with pytest.raises(InputError, match=r"cannot be reached \(Connection refused\); start Ray there with"):
        connect._reach(f"{scheme}127.0.0.1:{deaf}")


def test_what_takes_too_long_is_given_up_and_a_failure_is_passed_on() -> None:
    import threading

    for_ever = threading.Event()
    with pytest.raises(TimeoutError):
        connect._within(0.01, for_ever.wait)
    for_ever.set()
    with pytest.raises(ZeroDivisionError):
        connect._within(60, lambda: 1 // 0)
