"""Runs a command for as long as a pipe stays open: ``python -m pipeline.serve.watchdog FD CMD...``.

The one who started us holds the pipe's other end and never writes. When it closes, or the command ends,
or a signal asks us to, the command's process group gets SIGTERM, ten seconds, and SIGKILL.
Where our starter was killed we are all that is left to do it, so nothing heavy is imported here.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 10.0


def main(arguments: list[str]) -> int:
    """Exit status of the command ``arguments[1:]``; ``arguments[0]`` is the pipe's descriptor."""
    pipe, command = int(arguments[0]), arguments[1:]
    process = subprocess.Popen(command, process_group=0)
    wake, ended = os.pipe()
    threading.Thread(target=_tell, args=(process, ended), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: os.write(ended, b"."))
    select.select([pipe, wake], [], [])
    _end_group(process)
    return process.wait()


def _tell(process: subprocess.Popen[bytes], ended: int) -> None:
    process.wait()
    os.write(ended, b".")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while _signal(process, 0) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: int) -> bool:
    """Whether the group still has a member."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
