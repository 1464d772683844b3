"""What to do when the sandbox cannot be set up, by what bubblewrap or the kernel said."""

from __future__ import annotations

from pipeline.errors import SandboxUnavailable

_APPARMOR = (
    "allow user namespaces for /usr/bin/bwrap: apt-get install apparmor-profiles, copy "
    "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict to /etc/apparmor.d/ and load it with apparmor_parser -r"
)
_INSTALL = "install bubblewrap 0.8 or newer (apt-get install bubblewrap)"
_NPROC = "the user has reached its limit of processes; raise 'ulimit -u'"

REMEDIES: tuple[tuple[str, str], ...] = (
    ("setting up uid map: Permission denied", _APPARMOR),
    ("Failed RTM_NEWADDR: Operation not permitted", _APPARMOR),
    ("namespaces exceeded (ENOSPC)", "raise 'sysctl user.max_user_namespaces' (0 forbids them; nesting counts too)"),
    (
        "No permissions to create new namespace",
        "in a container: --security-opt seccomp=PROFILE that allows unshare, clone, mount and pivot_root; "
        "else 'sysctl kernel.unprivileged_userns_clone=1'",
    ),
    (
        "Can't mount proc on /newroot/proc",
        "the container masks /proc: --security-opt systempaths=unconfined (Kubernetes: procMount: Unmasked)",
    ),
    ("Creating new namespace failed: Resource temporarily unavailable", _NPROC),
    ("Unknown option", _INSTALL),
    ("execvp /usr/bin/prlimit", "install util-linux (apt-get install util-linux)"),
    ("bwrap: command not found", _INSTALL),
)
"""(part of the message, remedy), first match wins."""

_OTHERWISE = "run 'switchover doctor'; see docs/sandbox.md for the causes that are known"


def unavailable(said: str) -> SandboxUnavailable:
    """The error for a sandbox that did not start and said this; one line with cause and remedy."""
    cause = " ".join(said.split())[-300:] or "bwrap ended without a word"
    remedy = next((text for part, text in REMEDIES if part in said), _OTHERWISE)
    return SandboxUnavailable(f"sandbox: nothing was run: {cause}; {remedy}")


def not_installed() -> SandboxUnavailable:
    return SandboxUnavailable(f"sandbox: nothing was run: /usr/bin/bwrap not found; {_INSTALL}")
