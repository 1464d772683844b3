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
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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


@contextmanager
def held_ports(port: int, count: int = 1) -> Iterator[list[int]]:
    """``port`` and those after it, free ones for 0; nobody who asks for any gets them until the block is left.

    They are bound and not listened on: a server that asks for one of them, with SO_REUSEADDR, may listen on it.
    Raises InputError when one is taken.
    """
    with ExitStack() as stack:
        holds = [stack.enter_context(socket.socket()) for _ in range(count)]
        for number, hold in enumerate(holds):
            hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(hold, port + number if port else 0)
        yield [hold.getsockname()[1] for hold in holds]


def _bind(hold: socket.socket, port: int) -> None:
    try:
        hold.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "out of range"
        raise InputError(f"serve: port {port} cannot be listened on ({why}); give another, or 0 for any") from None


class Server:
    """One run of a server's process, from the start to the end of its whole process group."""

    def __init__(self, command: Command, log: Path) -> None:
        """Start it; what it prints is added to ``log``. Raises InputError when that cannot be written."""
        self._log = log
        self._lock = threading.Lock()
        self._reader, self._writer = os.pipe()
        try:
            with _opened(log) as output:
                self._begin = os.fstat(output).st_size
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "pipeline.serve.watchdog", str(self._reader), *command.arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=[self._reader],
                    start_new_session=True,  # Ctrl-C at our terminal must not race our own, orderly end of it
                    env=child_environment(**command.environment),
                )
        except BaseException:
            os.close(self._writer)
            raise
        finally:
            os.close(self._reader)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def watchdog(self) -> int:
        """Id of the process whose child the server is."""
        return self._process.pid

    def wait(self, health: str, seconds: float, stop: threading.Event | None = None) -> None:
        """Return once GET ``health`` answers 200.

        Raises RunError when it ends before that, does not answer within ``seconds``, or ``stop`` is set.
        """
        _wait(self, health, seconds, stop or threading.Event())

    def last_words(self) -> str:
        """What its log ends with, for an obituary."""
        return f"{_last_words(self._log, self._begin)} (all of it: {self._log})"

    def end(self) -> None:
        """End it and all its children, and wait until they are gone; a second call does nothing."""
        with self._lock:  # its keeper and whoever ends the whole may come at once
            if self._writer >= 0:
                os.close(self._writer)
                self._writer = -1
                _reap(self._process)


@contextmanager
def model_server(command: Command, health: str, *, log: Path, seconds: float) -> Iterator[None]:
    """Run ``command`` until the block is left; entered once GET ``health`` answers 200.

    Raises RunError when it ends before that, or does not answer within ``seconds``.
    """
    server = Server(command, log)
    try:
        server.wait(health, seconds)
        yield
    finally:
        server.end()


@contextmanager
def _opened(log: Path) -> Iterator[int]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        handle = log.open("ab")
    except OSError as error:
        raise InputError(
            f"{log}: the server's log cannot be written ({error.strerror}); choose another place"
        ) from None
    with handle:
        yield handle.fileno()


def _wait(server: Server, health: str, seconds: float, stop: threading.Event) -> None:
    deadline = time.monotonic() + seconds
    with urllib3.PoolManager(retries=False, timeout=5) as http:
        while time.monotonic() < deadline:
            with suppress(urllib3.exceptions.HTTPError):
                if http.request("GET", health).status == 200:
                    return
            if not server.is_running:
                raise RunError(f"serve: the server ended while starting: {server.last_words()}")
            if stop.wait(0.2):
                raise RunError("serve: stopped while the server was starting")
    raise RunError(f"serve: no answer from {health} in {seconds:.0f} s: {server.last_words()}")


def _last_words(log: Path, begin: int) -> str:
    text = log.read_bytes()[begin:].decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line]
    return " | ".join(errors[-1:] or lines[-LAST_LINES:])[-500:] or "it said nothing"


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
