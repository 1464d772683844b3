"""A model server as a process: started, waited for, and ended with us even if we are killed.

The server runs under a watchdog (``pipeline.serve.watchdog``) that holds the reading end of a pipe whose
writing end is ours alone: when we go, by whatever signal, the pipe closes and the watchdog ends
the server's whole process group. Engines start children of their own, so ending one process is not enough.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from pipeline.config import child_environment
from pipeline.errors import InputError, RunError

LAST_LINES = 3
"""Lines of the server's log that its obituary quotes."""

END_SECONDS = 20
"""What the watchdog needs at most: 10 s of grace for the server, then SIGKILL."""


@dataclass(frozen=True)
class Command:
    """What to run: arguments, and environment variables added to ours."""

    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    loads_adapters: bool = False
    """True when adapters are loaded into the running server, False when it starts with its adapter."""


def free_port(port: int) -> int:
    """``port`` if it can be listened on, a free one for 0. Raises InputError when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "out of range"
            raise InputError(f"serve: port {port} cannot be listened on ({why}); give another, or 0 for any") from None
        chosen: int = probe.getsockname()[1]
        return chosen


@contextmanager
def model_server(command: Command, health: str, *, log: Path, seconds: float) -> Iterator[None]:
    """Run ``command`` until the block is left; entered once GET ``health`` answers 200.

    Raises RunError when it ends before that, or does not answer within ``seconds``.
    """
    reader, writer = os.pipe()
    try:
        with _opened(log) as output:
            watchdog = [sys.executable, "-m", "pipeline.serve.watchdog", str(reader), *command.arguments]
            process = subprocess.Popen(
                watchdog,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[reader],
                start_new_session=True,  # Ctrl-C at our terminal must not race our own, orderly end of it
                env=child_environment(**command.environment),
            )
        os.close(reader)
        reader = -1
        try:
            _wait(process, health, log, seconds)
            yield
        finally:
            os.close(writer)
            writer = -1
            _reap(process)
    finally:
        for end in (reader, writer):
            if end >= 0:
                os.close(end)


@contextmanager
def _opened(log: Path) -> Iterator[int]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        handle = log.open("wb")
    except OSError as error:
        raise InputError(
            f"{log}: the server's log cannot be written ({error.strerror}); choose another place"
        ) from None
    with handle:
        yield handle.fileno()


def _wait(process: subprocess.Popen[bytes], health: str, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with urllib3.PoolManager(retries=False, timeout=5) as http:
        while time.monotonic() < deadline:
            with suppress(urllib3.exceptions.HTTPError):
                if http.request("GET", health).status == 200:
                    return
            if process.poll() is not None:
                raise RunError(f"serve: the server ended while starting: {_last_words(log)} (all of it: {log})")
            time.sleep(0.2)
    raise RunError(f"serve: no answer from {health} in {seconds:.0f} s: {_last_words(log)} (all of it: {log})")


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line]
    return " | ".join(errors[-1:] or lines[-LAST_LINES:])[-500:] or "it said nothing"


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
