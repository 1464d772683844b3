"""Runs hostile commands: nothing of the host in sight, nothing of the host in reach.

Covered: files (one writable checkout and /tmp, programs read-only), network (none), processes,
environment, descriptors, devices, kernel keys, AF_VSOCK, io_uring, ptrace, set-id files; limits on
time, processes, memory, disk and output. Not covered: bugs in the kernel, timing side channels,
kernel memory for sockets and pipes, CPU shares. It is the second wall: the first is a runner that
holds no secrets. There is no way to run a command without it.
"""

from pipeline.errors import SandboxUnavailable
from pipeline.rollout.sandbox.limits import Limits, Ran
from pipeline.rollout.sandbox.runner import Sandbox

__all__ = ["Limits", "Ran", "Sandbox", "SandboxUnavailable"]
