"""Watches a running sandbox from outside: time, memory, disk, output. Whoever crosses a limit is killed.

Outside, because a ``timeout`` within belongs to the attacker: it runs as the same user. Memory
and disk are looked at every tenth of a second or, where looking is costly, less often; what is
used between two looks can go beyond the limit.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.rollout import hostile
from pipeline.rollout.sandbox import usage
from pipeline.rollout.sandbox.capture import Capture
from pipeline.rollout.sandbox.launch import Launched
from pipeline.rollout.sandbox.limits import KILLED, TIMED_OUT, Limits, Ran, Stop
from pipeline.rollout.sandbox.remedies import unavailable

_INTERVAL = 0.1
_CARE = 10
"""A look may take a tenth of the time between two looks."""
_FLOOD = 100
"""Times the kept output after which a command is killed."""
_READ = 1 << 18


class Disk:
    """How much the folders have grown since they were first measured."""

    def __init__(self, folders: Sequence[Path], limit: int, base: int) -> None:
        self._folders = folders
        self._limit = limit
        self._base = base
        self._free_then = self._free()
        self._next = 0.0

    def over(self) -> bool:
        """Whether they grew beyond the limit; measured anew only when that is due or space went fast."""
        now = time.monotonic()
        if now < self._next and not self.shrank():
            return False
        self._free_then = self._free()
        grown = sum(map(hostile.size, self._folders)) - self._base
        self._next = time.monotonic() + max(5 * _INTERVAL, 2 * _CARE * (time.monotonic() - now))
        return grown > self._limit

    def shrank(self) -> bool:
        """Whether the file system lost a quarter of the limit since the last measure, to whomever."""
        return self._free_then - self._free() > self._limit // 4

    def _free(self) -> int:
        status = [os.statvfs(folder) for folder in self._folders]
        return min(s.f_bavail * s.f_frsize for s in status)


class Watch:
    """One command's supervision."""

    def __init__(self, run: Launched, limits: Limits, disk: Disk) -> None:
        self._run = run
        self._limits = limits
        self._disk = disk
        self._capture = Capture(limits.output_bytes)
        self._began = time.monotonic()
        self._deadline = self._began + limits.seconds
        self._next = self._began + _INTERVAL

    def ran(self) -> Ran:
        """Until the end, its own or the one we make. Raises SandboxUnavailable when nothing was run."""
        stop = self._until_stop_or_end()
        self._run.end()
        while self._read():
            pass
        if stop is None and self._disk.shrank() and self._disk.over():
            stop = "disk"
        return self._result(stop)

    def _result(self, stop: Stop | None) -> Ran:
        code = {None: self._run.exit_code(), "time": TIMED_OUT}.get(stop, KILLED)
        output = self._capture.kept()
        if code is None and self._run.process.returncode < 0:  # the kernel's out-of-memory killer took bwrap itself
            stop, code = "memory", KILLED
        if code is None:
            raise unavailable(output.decode("utf-8", "replace"))
        return Ran(code, output, self._capture.total, stop, time.monotonic() - self._began)

    def _until_stop_or_end(self) -> Stop | None:
        waiting = select.poll()
        waiting.register(self._run.output, select.POLLIN)
        with _ended(self._run.process.pid) as ended:
            waiting.register(ended, select.POLLIN)
            while True:
                pause = min(self._next, self._deadline) - time.monotonic()
                ready = dict(waiting.poll(max(0, pause) * 1000))
                if self._run.output in ready and not self._read():
                    waiting.unregister(self._run.output)
                if ended in ready:
                    return None
                if stop := self._crossed():
                    return stop

    def _read(self) -> bool:
        """Take in what is there; False when no more can come or nothing is there."""
        try:
            data = os.read(self._run.output, _READ)
        except BlockingIOError:
            return False
        self._capture.feed(data)
        return bool(data)

    def _crossed(self) -> Stop | None:
        now = time.monotonic()
        if now >= self._deadline:
            return "time"
        if self._capture.total > _FLOOD * self._limits.output_bytes:
            return "output"
        return self._look(now) if now >= self._next else None

    def _look(self, now: float) -> Stop | None:
        memory = self._limits.memory_mb * 2**20
        over = usage.memory(self._run.process.pid, memory) >= memory
        self._next = now + max(_INTERVAL, _CARE * (time.monotonic() - now))
        if over:
            return "memory"
        return "disk" if self._disk.over() else None


@contextlib.contextmanager
def _ended(pid: int) -> Iterator[int]:
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
