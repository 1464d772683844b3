"""Runs inside the sandbox during the self-test and prints, as JSON, every wall that it found open.

Only the standard library; it never learns what the host expects but by its argument.
"""

import ctypes
import errno
import functools
import json
import resource
import socket
import sys
from collections.abc import Callable
from pathlib import Path

expected = json.loads(sys.argv[1])
open_walls: list[str] = []


def wall(name: str, stands: bool) -> None:
    if not stands:
        open_walls.append(name)


def refused(act: Callable[[], object]) -> bool:
    """Whether Python's own call fails."""
    try:
        act()
    except OSError:
        return True
    return False


def call_refused(name: str, *arguments: int) -> bool:
    """Whether the C library's call fails for want of permission, not for its arguments."""
    failed: bool = libc[name](*arguments) < 0
    return failed and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def write(path: str) -> None:
    with Path(path).open("a"):
        pass


status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
libc = ctypes.CDLL(None, use_errno=True)
environments = b"\0".join(read(path) for path in Path("/proc").glob("[0-9]*/environ"))
names = {entry.split(b"=", 1)[0].decode("utf-8", "replace") for entry in environments.split(b"\0") if entry}

for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    wall(f"{name} is not empty", int(status[name], 16) == 0)
wall("new privileges can be gained", status["NoNewPrivs"].strip() == "1")
wall("no system-call filter", status["Seccomp"].strip() == "2")
wall("a network interface", sorted(name for _, name in socket.if_nameindex()) == ["lo"])
wall("processes of others are visible", len(list(Path("/proc").glob("[0-9]*"))) <= 4)
wall("core_pattern is writable", refused(lambda: write("/proc/sys/kernel/core_pattern")))
wall("AF_VSOCK can be opened", refused(lambda: socket.socket(40, socket.SOCK_STREAM).close()))
wall("namespaces can be made", call_refused("unshare", 0x10000000))
wall("ptrace is allowed", call_refused("ptrace", 0, 0, 0, 0))
wall("io_uring is allowed", call_refused("syscall", 425, 1, 0))
for folder in ("/", "/usr", "/etc", "/dev"):
    wall(f"{folder} is writable", refused(functools.partial(write, f"{folder}/probe")))
wall("the checkout is not writable", not refused(lambda: write("probe")))
wall("HOME is not writable", not refused(lambda: write(str(Path.home() / "probe"))))
wall(f"variables of the host: {sorted(names - set(expected['names']))}", names <= set(expected["names"]))
wall("processes are not limited", resource.getrlimit(resource.RLIMIT_NPROC)[1] <= expected["processes"])
wall("descriptors of the host", len(list(Path("/proc/self/fd").iterdir())) <= 4)
sys.stdout.write(json.dumps(open_walls))
