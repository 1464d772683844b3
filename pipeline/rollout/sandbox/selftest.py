"""Try every wall once per process, with the real flags, before anything hostile is let in."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.errors import SandboxUnavailable
from pipeline.rollout.sandbox.limits import Limits, Ran
from pipeline.rollout.sandbox.orphans import end_orphans
from pipeline.rollout.sandbox.remedies import unavailable
from pipeline.rollout.sandbox.scratch import owned, scratch

_NAMES = ("PATH", "HOME", "LANG", "USER", "TERM", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE")
_LIMITS = Limits(seconds=30, processes=64)

_passed = False
_lock = threading.Lock()

MARK = "probe"
"""The file that the probe leaves in its checkout."""

Attempt = Callable[[Sequence[str], Path, Limits, Sequence[Path]], Ran]
"""Runs a command in a checkout that the sandbox's user owns, under limits, with further toolchains."""


def once(attempt: Attempt) -> None:
    """Raises SandboxUnavailable unless every wall stands; a pass is remembered for this process.

    Before the first time, what killed processes left of their sandboxes is ended.
    """
    global _passed
    with _lock:
        if not _passed:
            end_orphans()
            with scratch() as folder:
                checkout = owned(folder / "checkout")
                _judge(_probe(attempt, checkout), checkout / MARK)
            _passed = True


def _probe(attempt: Attempt, checkout: Path) -> Ran:
    # Python probes, because it is surely there and a shell cannot open an AF_VSOCK socket.
    program = os.path.realpath(sys.executable)
    source = Path(__file__).with_name("probe.py").read_text(encoding="utf-8")
    expected = json.dumps({"names": _NAMES, "processes": _LIMITS.processes})
    prefix = Path(sys.base_prefix).resolve()
    shown = () if prefix.is_relative_to("/usr") else (prefix,)
    return attempt([program, "-I", "-S", "-c", source, expected], checkout, _LIMITS, shown)


def _judge(ran: Ran, mark: Path) -> None:
    said = ran.output.decode("utf-8", "replace")
    if ran.exit_code != 0:
        raise unavailable(f"the self-test ended with status {ran.exit_code}: {said}")
    try:
        open_walls = json.loads(said)
    except ValueError:
        raise unavailable(f"the self-test said {said!r}") from None
    if mark.lstat().st_uid == 0:  # from inside, a user namespace hides who one is outside
        open_walls.append("the user is root on the host")
    if open_walls:
        raise SandboxUnavailable(
            f"sandbox: nothing was run: the self-test found: {'; '.join(open_walls)}; see docs/sandbox.md"
        )
