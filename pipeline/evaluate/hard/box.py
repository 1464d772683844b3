"""A test run's command in the sandbox, and the report that it may have left."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.evaluate.hard.kit import REPO
from pipeline.evaluate.hard.nouns import TestLimits
from pipeline.evaluate.hard.placing import put
from pipeline.evaluate.hard.results import LARGEST
from pipeline.rollout.sandbox import Limits, Ran, Sandbox

REPORT = "/tmp/out/report"  # noqa: S108 - the sandbox's own /tmp
"""Where a command of ours leaves its report, as the sandbox sees it."""


def ran_in(
    checkout: Path,
    tmp: Path,
    command: Sequence[str],
    toolchains: Sequence[Path],
    limits: TestLimits,
    variables: Mapping[str, str],
    files: Mapping[str, bytes] = {},
) -> Ran:
    """Run ``command`` with ``checkout`` as /repo and ``files`` in /tmp/out. Raises SandboxUnavailable."""
    put(tmp, [("out/.here", b""), *((f"out/{name}", content) for name, content in files.items())])
    within = Limits(seconds=limits.seconds, memory_mb=limits.memory_mb, processes=limits.processes)
    words = ["env", *(f"{name}={value}" for name, value in variables.items()), *command]
    return Sandbox(within, toolchains).run(words, checkout, tmp=tmp, at=REPO)


def report_in(tmp: Path) -> bytes:
    """What the run left at ``REPORT``; b"" for anything but a regular file of acceptable size."""
    return left_at(tmp / "out" / "report", LARGEST) or b""


def left_at(path: Path, most: int) -> bytes | None:
    """What a program in the sandbox wrote; None for all but a regular file of 1 to ``most`` bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(most + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except IsADirectoryError:  # fdopen closes none of these
        os.close(descriptor)
        return None
    return content if 0 < len(content) <= most else None
