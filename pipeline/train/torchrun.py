"""torchrun, tied to the one who started it: ``python -m pipeline.train.torchrun PARENT PROCESSES JOB ERROR``.

With ``PROCESSES`` 0 it is one of the processes. torchrun puts each into a session of its own, out of reach of
a signal to our group, so each asks the kernel for SIGKILL when its parent dies (Linux).
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

from pipeline import config as configuration
from pipeline.errors import SwitchoverError
from pipeline.train import launch

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Exit status of torchrun, or of the process."""
    parent, processes, *files = arguments
    die_with(int(parent))
    return start(int(processes), files) if int(processes) else work(*map(Path, files))


def die_with(parent: int) -> None:
    """End this process when ``parent``, which started it, ends; 0: whichever that is."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGKILL)


def start(processes: int, files: list[str]) -> int:
    """Run torchrun here."""
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    for name in [name for name in logging.root.manager.loggerDict if name.startswith("torch.distributed.elastic")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the processes speak for themselves
    worker = [*("-m", "pipeline.train.torchrun"), str(os.getpid()), "0", *files]
    given = run.parse_args(["--standalone", "--nproc-per-node", str(processes), *worker])
    try:
        run.run(given)
        return 0
    except (ChildFailedError, SignalException):
        return 1


def work(order: Path, error: Path) -> int:
    """Be one of the processes."""
    first = configuration.ranks().first
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO if first else logging.ERROR)
    from pipeline.train.job import do

    try:
        do(launch.from_text(order.read_text(encoding="utf-8")))
        return 0
    except SwitchoverError as problem:
        launch.tell(error, problem)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
