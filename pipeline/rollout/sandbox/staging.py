"""For a caller that is root: let the sandbox's user id reach folders below closed parents.

The dedicated user id can neither pass through ``/root`` nor own the user's files. In a mount
namespace of its own, a thread mounts each needed folder once more below an open one. Folders of
another owner are mounted with that owner mapped to the sandbox's user id (an idmapped mount): in
the sandbox they belong to the command, on disk their owner never changes, not even after a
``kill -9``. The namespace ends with the thread and the processes that it started.

Covered: ext4, xfs, btrfs, tmpfs, on Linux 5.12 and newer. Not covered: lending on file systems
without idmapped mounts (overlayfs, NFS); there the folder must belong to the sandbox's user id.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.errors import SandboxUnavailable
from pipeline.rollout.sandbox.identity import Identity

T = TypeVar("T")

_STAGE = Path("/mnt")
"""Covered by a small tmpfs in our own mount namespace only; the host's /mnt stays as it is."""

_CLONE_NEWNS = 0x00020000
_MS_PRIVATE_ALL = (1 << 14) | (1 << 18)
_MS_NOSUID_NODEV = 2 | 4
_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_MOUNT_SETATTR = 428, 429, 442  # the same on every architecture
_AT_FDCWD, _AT_EMPTY_PATH, _AT_SYMLINK_NOFOLLOW = -100, 0x1000, 0x100
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC, _MOVE_MOUNT_F_EMPTY_PATH = 1, os.O_CLOEXEC, 4
_ATTR_NOSUID, _ATTR_NODEV, _ATTR_IDMAP = 0x2, 0x4, 0x00100000


class _MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns_fd")]


@dataclass(frozen=True)
class Bind:
    """A folder or file of the host and where the sandbox sees it."""

    source: Path
    """Resolved: no component is a symbolic link."""
    target: Path
    writable: bool = False
    lend: bool = False
    """Let the sandbox's user act as the owner of the source."""


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def in_own_mounts(work: Callable[[], T]) -> T:
    """``work()``, run in a thread that has a mount namespace of its own.

    The thread lives as long as the work: a sandbox dies with the thread that started it.
    Raises what ``work`` raises, and SandboxUnavailable where root may not make mount namespaces.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            _unshare_mounts()
            outcome.append(work())
        except BaseException as error:  # handed to the caller below
            failure.append(error)

    thread = threading.Thread(target=body, name="sandbox")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


def _unshare_mounts() -> None:
    libc = _libc()
    try:
        _checked(libc.unshare(_CLONE_NEWNS))
        _checked(libc.mount(None, b"/", None, ctypes.c_ulong(_MS_PRIVATE_ALL), None))
        flags = ctypes.c_ulong(_MS_NOSUID_NODEV)
        _checked(libc.mount(b"tmpfs", bytes(_STAGE), b"tmpfs", flags, b"mode=755,size=256k"))
    except OSError as error:
        raise SandboxUnavailable(
            f"sandbox: root may not mount in a namespace of its own ({error.strerror}); "
            "run as an unprivileged user, or give the container CAP_SYS_ADMIN"
        ) from None


def stage(binds: Iterable[Bind], who: Identity) -> list[Bind]:
    """The same binds with sources that ``who`` can reach; only within ``in_own_mounts``."""
    return [_staged(index, bind, who) for index, bind in enumerate(binds)]


def _staged(index: int, bind: Bind, who: Identity) -> Bind:
    place = _STAGE / str(index)
    owner = bind.source.stat()
    if bind.source.is_dir():
        place.mkdir()
    else:
        place.touch()
    flags = ctypes.c_uint(_OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_SYMLINK_NOFOLLOW)
    tree = _checked(_libc().syscall(_SYS_OPEN_TREE, _AT_FDCWD, bytes(bind.source), flags))
    try:
        if bind.lend and (owner.st_uid, owner.st_gid) != (who.uid, who.gid):
            _map_owner(tree, bind.source, owner, who)
        empty = ctypes.c_uint(_MOVE_MOUNT_F_EMPTY_PATH)
        _checked(_libc().syscall(_SYS_MOVE_MOUNT, tree, b"", _AT_FDCWD, bytes(place), empty))
    finally:
        os.close(tree)
    return Bind(place, bind.target, bind.writable)


def _map_owner(tree: int, source: Path, owner: os.stat_result, who: Identity) -> None:
    attributes = _MountAttr(_ATTR_IDMAP | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, _mapping(owner.st_uid, owner.st_gid, who))
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    empty = ctypes.c_uint(_AT_EMPTY_PATH)
    try:
        _checked(_libc().syscall(_SYS_MOUNT_SETATTR, tree, b"", empty, ctypes.byref(attributes), size))
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP):
            raise
        raise SandboxUnavailable(
            f"sandbox: {source} belongs to user id {owner.st_uid} and its file system cannot lend it "
            f"({error.strerror}); run as that user, or 'chown -R {who.uid}:{who.gid}' a copy of it"
        ) from None


_mappings: dict[tuple[int, int, int, int], int] = {}
_mappings_lock = threading.Lock()


def _mapping(uid: int, gid: int, who: Identity) -> int:
    """Descriptor of a user namespace that maps ids on disk to the sandbox's; made once per pair, kept open."""
    key = (uid, gid, who.uid, who.gid)
    with _mappings_lock:
        if key not in _mappings:
            _mappings[key] = _new_mapping(*key)
        return _mappings[key]


def _new_mapping(uid: int, gid: int, to_uid: int, to_gid: int) -> int:
    # Only a process can hold a new user namespace until its descriptor is open: cat waits for that.
    holder = ["/usr/bin/unshare", "--user", "/bin/sh", "-c", "echo && cat"]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as process:
        assert process.stdout
        if not process.stdout.readline():
            raise SandboxUnavailable(
                "sandbox: a user namespace could not be made; raise 'sysctl user.max_user_namespaces' above 0"
            )
        proc = Path("/proc", str(process.pid))
        (proc / "uid_map").write_text(f"{uid} {to_uid} 1\n")
        (proc / "gid_map").write_text(f"{gid} {to_gid} 1\n")
        return os.open(proc / "ns" / "user", os.O_RDONLY | os.O_CLOEXEC)
