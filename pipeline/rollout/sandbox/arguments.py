"""The argument list of bubblewrap: which of the host a command sees, and as what. Order matters.

Pure but for looking at which single files of ``/etc`` exist. Covered: files, network, processes,
users, IPC, host name. Not covered here: system calls (``seccomp``), use of resources
(``supervise`` and the inner prlimit).
"""

from __future__ import annotations

import functools
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.rollout.sandbox.limits import Limits
from pipeline.rollout.sandbox.staging import Bind

BWRAP = Path("/usr/bin/bwrap")
"""Absolute, so that no PATH can put another program in its place."""
PRLIMIT = "/usr/bin/prlimit"
INSIDE_UID = 1000
_OPEN_FILES = 4096
"""Descriptors per process."""

_ETC_FOLDERS = ("alternatives", "fonts", "java-*", "pki/tls/certs", "ssl/certs")
_ETC_COPIES = ("ld.so.cache", "localtime", "mime.types", "os-release", "protocols", "services", "ssl/openssl.cnf")
"""Single entries, never all of /etc: it holds keys, tokens and the machine's own config. Files are
copied: a mount for each would double the time to start."""

_ETC_OWN = {
    "/etc/passwd": b"root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:1000:1000:agent:/tmp:/bin/bash\n",
    "/etc/group": b"root:x:0:\nagent:x:1000:\n",
    "/etc/hosts": b"127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
}
"""Written for the sandbox; the host's own never enter it."""


@functools.cache
def etc_contents() -> Mapping[str, bytes]:
    """The small files that the sandbox finds in its /etc, by path."""
    copies = {f"/etc/{name}": Path("/etc", name) for name in _ETC_COPIES}
    return {**{target: source.read_bytes() for target, source in copies.items() if source.is_file()}, **_ETC_OWN}


def namespaces() -> list[str]:
    words = "--unshare-user --unshare-all --disable-userns --die-with-parent --new-session --hostname sandbox"
    return [*words.split(), "--cap-drop", "ALL", "--uid", str(INSIDE_UID), "--gid", str(INSIDE_UID)]


@functools.cache
def system() -> tuple[str, ...]:
    """The programs and libraries of the host, read-only, and the few harmless entries of its /etc."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        top = Path("/", name)
        if top.is_symlink():
            words += ["--symlink", str(top.readlink()), str(top)]
        elif top.is_dir():
            words += ["--ro-bind", str(top), str(top)]
    words += ["--perms", "0755", "--dir", "/etc"]
    for entry in (match for pattern in _ETC_FOLDERS for match in sorted(Path("/etc").glob(pattern))):
        words += ["--ro-bind", str(entry), str(entry)]
    return tuple(words)


def etc_files(descriptors: Sequence[int]) -> list[str]:
    """The files of ``etc_contents()``, each read from its descriptor, in order."""
    words: list[str] = []
    for descriptor, target in zip(descriptors, etc_contents(), strict=True):
        words += ["--perms", "0644", "--file", str(descriptor), target]
    return words


def devices(limits: Limits) -> list[str]:
    """/proc and /dev; the only tmpfs that stays writable is /dev/shm, and it has a size."""
    size = str(max(1, limits.memory_mb // 2) * 2**20)
    return [
        *("--proc", "/proc", "--dev", "/dev"),
        *("--size", size, "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"),  # noqa: S108
    ]


def binds(staged: Sequence[Bind]) -> list[str]:
    words: list[str] = []
    for bind in staged:
        words += ["--bind" if bind.writable else "--ro-bind", str(bind.source), str(bind.target)]
    return words


def hidden(paths: Sequence[Path]) -> list[str]:
    """Nothing, where the host has these: an empty read-only folder, or a file that cannot be read."""
    words: list[str] = []
    for path in paths:
        if path.is_dir():
            words += ["--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path)]
        elif path.exists():
            words += ["--ro-bind", "/dev/null", str(path)]
    return words


def environment(toolchains: Sequence[Path]) -> list[str]:
    """All that a command finds in its environment. Nothing secret: pid 1's arguments are readable inside."""
    folders = [str(tool / "bin") for tool in toolchains] + ["/usr/local/bin", "/usr/bin", "/bin"]
    values = {"PATH": ":".join(folders), "HOME": "/tmp", "LANG": "C.UTF-8", "USER": "agent", "TERM": "dumb"}  # noqa: S108
    return [word for key, value in values.items() for word in ("--setenv", key, value)]


def limited(limits: Limits, command: Sequence[str]) -> list[str]:
    """``command`` behind its resource limits.

    They are set inside: the count of processes is then this sandbox's own, not that of everything
    with the same user id; and nobody in there has a capability to raise a hard limit again.
    """
    wanted = {
        "nproc": (resource.RLIMIT_NPROC, limits.processes),
        "data": (resource.RLIMIT_DATA, limits.memory_mb * 2**20),
        "fsize": (resource.RLIMIT_FSIZE, limits.disk_mb * 2**20),
        "nofile": (resource.RLIMIT_NOFILE, _OPEN_FILES),
        "core": (resource.RLIMIT_CORE, 0),
        "memlock": (resource.RLIMIT_MEMLOCK, 0),
        "msgqueue": (resource.RLIMIT_MSGQUEUE, 0),
    }
    words = [f"--{name}={_within_ours(kind, value)}" for name, (kind, value) in wanted.items()]
    return [PRLIMIT, *words, "--", *command]


def _within_ours(kind: int, value: int) -> str:
    hard = resource.getrlimit(kind)[1]
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    return f"{most}:{most}"
