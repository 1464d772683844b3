"""Start bubblewrap with nothing of ours but three descriptors, the filter and a status pipe."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import RunError
from pipeline.rollout.sandbox import arguments, seccomp
from pipeline.rollout.sandbox.identity import Identity
from pipeline.rollout.sandbox.limits import Limits
from pipeline.rollout.sandbox.remedies import not_installed, unavailable
from pipeline.rollout.sandbox.staging import Bind

_STARTS = threading.BoundedSemaphore(4 * (os.cpu_count() or 1))
"""Sandboxes that may be starting at once. The kernel's namespace locks make more of them only wait
for each other; those that run are not counted."""


@dataclass(frozen=True)
class Plan:
    """One command and all that its sandbox is made of."""

    command: Sequence[str]
    limits: Limits
    binds: Sequence[Bind]
    """In order of mounting; their sources are reachable for ``who``."""
    toolchains: Sequence[Path]
    workdir: Path
    """Where the command starts, as the sandbox sees it."""
    who: Identity
    hidden: Sequence[Path] = ()
    """Files and folders of the system that it is not to see."""


class Launched:
    """A sandbox that was started: its output, its status records, its end."""

    def __init__(self, process: subprocess.Popen[bytes], status: io.FileIO) -> None:
        assert process.stdout
        self.process = process
        self.output = process.stdout.fileno()
        """Read end of the pipe that the command's stdout and stderr share; non-blocking."""
        os.set_blocking(self.output, False)
        self._status = status
        self._records = b""
        self.init: int | None = None
        """pidfd of the sandbox's pid 1: ready once no process of the sandbox is left."""

    def wait_for_start(self) -> None:
        """Until bubblewrap has made its namespaces, or has given up."""
        while b"\n" not in self._records and (data := self._status.read(4096)):
            self._records += data
        pid = self._value("child-pid")
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):  # a short command may be gone already
                self.init = os.pidfd_open(pid)

    def exit_code(self) -> int | None:
        """The command's own exit status, after the end; None when it never ran, or was killed with its sandbox.

        Neither bubblewrap's exit status nor its messages tell: a command can imitate both.
        """
        self._records += self._status.readall() or b""
        return self._value("exit-code")

    def _value(self, key: str) -> int | None:
        for line in self._records.split(b"\n")[:-1]:  # what follows the last newline is not complete
            if key in (record := json.loads(line)):
                return int(record[key])
        return None

    def end(self) -> None:
        """Kill what is left and wait until it is gone. Raises RunError when something cannot be killed."""
        self.process.kill()
        if self.init is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.init, signal.SIGKILL)
            waiting = select.poll()
            waiting.register(self.init, select.POLLIN)
            if not waiting.poll(_DEATH_SECONDS * 1000):
                raise RunError(f"sandbox: processes of it did not die within {_DEATH_SECONDS} s; look for a stuck disk")
        self.process.wait()

    def close(self) -> None:
        try:
            self.end()
        finally:
            if self.init is not None:
                os.close(self.init)
            assert self.process.stdout
            self.process.stdout.close()


_DEATH_SECONDS = 60


@contextlib.contextmanager
def launched(plan: Plan) -> Iterator[Launched]:
    """A started sandbox; on leaving, whatever is left of it is killed and its descriptors are closed.

    Raises SandboxUnavailable where bubblewrap is missing or cannot be started.
    """
    with contextlib.ExitStack() as stack:
        files = [_memory(stack, content) for content in arguments.etc_contents().values()]
        filter_fd = _memory(stack, seccomp.program())
        read_end, write_end = os.pipe()
        status = stack.enter_context(io.FileIO(read_end, "rb"))
        with io.FileIO(write_end, "wb"), _STARTS:
            process = _popen(_words(plan, files, filter_fd, write_end), plan.who, (*files, filter_fd, write_end))
        run = Launched(process, status)
        stack.callback(run.close)
        run.wait_for_start()
        yield run


def _memory(stack: contextlib.ExitStack, content: bytes) -> int:
    """Descriptor of a file without a name that holds ``content``."""
    descriptor = os.memfd_create("switchover")
    stack.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _words(plan: Plan, files: Sequence[int], filter_fd: int, status: int) -> list[str]:
    return [
        str(arguments.BWRAP),
        *arguments.namespaces(),
        *arguments.system(),
        *arguments.etc_files(files),
        *arguments.devices(plan.limits),
        *arguments.binds(plan.binds),
        *arguments.hidden(plan.hidden),
        *("--remount-ro", "/", "--chdir", str(plan.workdir)),
        *arguments.environment(plan.toolchains),
        *("--json-status-fd", str(status), "--seccomp", str(filter_fd), "--"),
        *arguments.limited(plan.limits, plan.command),
    ]


def _popen(words: Sequence[str], who: Identity, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    # An empty environment, not --clearenv: pid 1 would keep ours readable at /proc/1/environ.
    # A pipe, never a file: /proc/self/fd/1 reopens a file for reading and writing.
    change: dict[str, Any] = {"user": who.uid, "group": who.gid, "extra_groups": []} if who.changes else {}
    try:
        return subprocess.Popen(
            words,
            env={},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
            start_new_session=True,
            **change,
        )
    except FileNotFoundError:
        raise not_installed() from None
    except OSError as error:
        raise unavailable(f"bwrap could not be started: {error.strerror}") from None
