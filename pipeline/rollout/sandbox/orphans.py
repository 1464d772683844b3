"""Ends what a killed process of ours left in the moment of starting a sandbox.

``--die-with-parent`` ends a sandbox that stands. While one is being made, its first process waits
for bubblewrap to say that the user namespace is ready; killed before it says so, bubblewrap leaves
that process waiting for ever, without a parent and without a command.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from pipeline.rollout.sandbox import arguments

_PROC = Path("/proc")


def end_orphans() -> list[int]:
    """Kill them, whichever process of ours started them; their process ids."""
    ended = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError), _opened(int(entry.name)) as process:
                if _is_orphan(entry):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                    ended.append(int(entry.name))
    return ended


@contextlib.contextmanager
def _opened(pid: int) -> Iterator[int]:
    """A descriptor, so that the one that is judged is the one that is killed. Raises OSError when it is gone."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_orphan(process: Path) -> bool:
    """First process of a sandbox of ours whose parent is no bubblewrap (any more)."""
    if not _is_ours(process):
        return False
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    is_first = status["NSpid"].split()[-1] == "1" and len(status["NSpid"].split()) > 1
    return is_first and not _is_ours(_PROC / status["PPid"])


def _is_ours(process: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        words = (process / "cmdline").read_bytes()
        return words.startswith(b"%b\0" % str(arguments.BWRAP).encode()) and b"\0--hostname\0sandbox\0" in words
    return False
