"""What a piece of work took of this process. Standard library alone: the peer's interpreter imports it too."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    seconds: float
    own_cpu: float
    """CPU seconds of this process, all threads."""
    child_cpu: float
    """CPU seconds of its children that ended."""
    memory_mb: float
    """Most resident memory while it ran, beyond what was resident before."""


def measure(work: Callable[[], object]) -> Measured:
    memory, child, own, started = _forget_peak(), _children(), time.process_time(), time.monotonic()
    work()
    seconds, cpu = time.monotonic() - started, time.process_time() - own
    return Measured(seconds, cpu, _children() - child, _status("VmHWM") - memory)


def resident_mb() -> float:
    return _status("VmRSS")


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _forget_peak() -> float:
    with contextlib.suppress(OSError):  # a container may forbid it: then the peak of the whole process counts
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:"))


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
