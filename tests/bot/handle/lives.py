"""Workers as real processes: one that is started and ended in order, and many short lives that end by SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pipeline import credentials
from pipeline.credentials import Registration
from tests.bot.handle.waiting import until
from tests.github.stand_in import StandIn

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("SWITCHOVER_")}

NURSERY = """
import os, signal, sys
import bot.worker
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    db, bell = line.split()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(bell, os.O_RDONLY), 0)
        os._exit(bot.worker.main(["--db", db]))
    print(child, flush=True)
"""
"""Imports once and forks for each life: a start then takes milliseconds in place of a second."""


def register(db: Path, github: StandIn) -> None:
    """The credentials file beside ``db``, as the setup page writes it."""
    made = Registration(github.app_id, "switchover", "Switchover", "", github.url, "Iv1", github.key, "hush", "")
    credentials.save(credentials.path_for(db), made)


class Worker:
    """A worker of its own; a context manager that kills what still runs at the end."""

    def __init__(self, db: Path) -> None:
        command = [sys.executable, "-m", "bot.worker", "--db", str(db)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
        )

    def ring(self) -> None:
        assert self.process.stdin
        self.process.stdin.write(".")
        self.process.stdin.flush()

    def end(self, how: signal.Signals | None = None) -> tuple[int, str]:
        """By a signal, or (None) by the end of its stdin; exit status and log."""
        if how is not None:
            self.process.send_signal(how)
        _, log = self.process.communicate(timeout=60)
        return self.process.returncode, log

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        if self.process.stderr and not self.process.stderr.closed:
            self.process.communicate()


class Nursery:
    """Starts one short-lived worker after the other. A context manager."""

    def __init__(self, db: Path) -> None:
        self._db = db
        self._bell = db.with_name("bell")
        os.mkfifo(self._bell)
        with db.with_name("log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", NURSERY],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=ENVIRONMENT,
            )
        self._pipe: int | None = None
        self.pid = 0

    def start(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{self._db} {self._bell}\n")
        self._process.stdin.flush()
        self.pid = int(self._process.stdout.readline())
        self._pipe = os.open(self._bell, os.O_WRONLY)
        os.write(self._pipe, b".")

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self._gone()

    def end(self) -> None:
        """In order, by the end of its stdin."""
        assert self._pipe is not None
        os.close(self._pipe)
        self._pipe = None
        self._gone()

    def _gone(self) -> None:
        until(lambda: not Path(f"/proc/{self.pid}").exists())
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pipe is not None:
            self.kill()
        self._process.communicate()
