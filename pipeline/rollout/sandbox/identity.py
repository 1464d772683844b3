"""Who the sandboxed processes are on the host.

An unprivileged caller lends its own user id. Root never does: a sandbox that real root starts
keeps root's rights over files, with ``/proc/sys/kernel/core_pattern`` open for writing among
them. Commands then belong to a user id of their own.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

from pipeline.errors import SandboxUnavailable

SANDBOX_UID = 60910
"""Out of the range 60706..61183 that systemd's table of user ids leaves unused on every distribution."""


@dataclass(frozen=True)
class Identity:
    """Numeric user and group of the sandbox on the host, and whether we must change to it."""

    uid: int
    gid: int
    changes: bool
    """True when we are root and hand our rights in before anything starts."""


def identity() -> Identity:
    """The identity for this process. Raises SandboxUnavailable where another account owns the dedicated id."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid(), changes=False)
    try:
        owner = pwd.getpwuid(SANDBOX_UID).pw_name
    except KeyError:
        return Identity(SANDBOX_UID, SANDBOX_UID, changes=True)
    if owner.startswith("switchover"):
        return Identity(SANDBOX_UID, SANDBOX_UID, changes=True)
    raise SandboxUnavailable(
        f"sandbox: user id {SANDBOX_UID} belongs to the account {owner!r}; run as an unprivileged user, not as root"
    )
