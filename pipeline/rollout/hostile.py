"""Walk, measure and delete folders that a hostile program has filled.

Covered: closed directories (mode 0), names of any bytes, paths longer than the system allows,
symbolic links (never followed), trees that change while they are walked (the walk may miss
something, it never leaves the folder). At most three descriptors are open, however deep it goes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.errors import RunError

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_INODE = 1024
"""Bytes that an entry counts at least: millions of empty files fill a disk as well."""

Visit = Callable[[int, Sequence[str]], list[str]]
"""Takes a folder's descriptor and the names that lead to it; gives the folders in it to go on with."""


def open_folder(name: str | bytes | Path, within: int | None = None) -> int:
    """Descriptor of a real directory ``name`` below the descriptor ``within``, opened up if it is ours but closed.

    Raises OSError for a symbolic link, for anything but a directory, for one that stays closed.
    """
    return _insist(name, _OPEN, within, stat.S_IRWXU)


def open_file(name: str, within: int) -> int:
    """Descriptor for reading the regular file ``name``, opened up if it is ours but closed. Raises OSError."""
    # O_NONBLOCK: should a FIFO have taken the name, opening it must not wait for a writer.
    return _insist(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, within, stat.S_IRUSR)


def _insist(name: str | bytes | Path, flags: int, within: int | None, mode: int) -> int:
    try:
        return os.open(name, flags, dir_fd=within)
    except PermissionError:
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=within)
        try:
            now = stat.S_IMODE(os.fstat(handle).st_mode)
            os.chmod(f"/proc/self/fd/{handle}", now | mode)  # noqa: PTH101 - what the descriptor holds, not a path
            return os.open(name, flags, dir_fd=within)
        finally:
            os.close(handle)


def walk(top: Path, visit: Visit, lost: Callable[[Sequence[str]], None] | None = None) -> None:
    """Call ``visit`` for ``top`` and every folder that it asks for, parents first.

    ``lost``: called with the names that lead to a folder that is there and cannot be opened.
    Raises OSError when ``top`` cannot be opened, or the way back up is gone.
    """
    here = open_folder(top)
    names: list[str] = []
    try:
        trail = [(_identity(here), visit(here, names))]
        while trail:
            if trail[-1][1]:
                here = _descend(here, names, trail, visit, lost or _ignore)
                continue
            trail.pop()
            if trail:
                names.pop()
                here = _ascend(here, trail[-1][0])
    finally:
        os.close(here)


_Trail = list[tuple[tuple[int, int], list[str]]]


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _ignore(_: Sequence[str]) -> None:
    pass


def _descend(here: int, names: list[str], trail: _Trail, visit: Visit, lost: Callable[[Sequence[str]], None]) -> int:
    name = trail[-1][1].pop()
    try:
        below = open_folder(name, here)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            lost([*names, name])
        return here
    names.append(name)
    try:
        trail.append((_identity(below), visit(below, names)))
    except BaseException:
        os.close(below)
        raise
    os.close(here)
    return below


def _ascend(here: int, expected: tuple[int, int]) -> int:
    above = open_folder("..", here)
    if _identity(above) != expected:
        os.close(above)
        raise OSError("a folder was moved while its tree was walked")
    os.close(here)
    return above


def size(folder: Path) -> int:
    """Bytes that ``folder`` takes on disk, at least 1 KiB for each entry; 0 when it is gone.

    A tree that changes meanwhile may be counted in part.
    """
    total = 0

    def visit(here: int, _: Sequence[str]) -> list[str]:
        nonlocal total
        folders = []
        with os.scandir(here) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                total += max(status.st_blocks * 512, _INODE)
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.name)
        return folders

    with contextlib.suppress(OSError):
        walk(folder, visit)
    return total


def remove(folder: Path) -> None:
    """Delete ``folder`` and all in it; nothing when it is gone. Raises RunError when something stays."""
    folder = folder.absolute()  # the programs below start elsewhere
    with contextlib.suppress(OSError):
        folder.rmdir()  # often it is empty, and a process costs a millisecond
    # rm and chmod walk by descriptors, as deep as it goes; shutil.rmtree fails on such paths.
    for program in (["/bin/rm", "-rf"], ["/bin/chmod", "-R", "u+rwX"], ["/bin/rm", "-rf"]):
        if not os.path.lexists(folder):
            return
        subprocess.run([*program, "--", str(folder)], env={}, cwd="/", capture_output=True, check=False)
    if os.path.lexists(folder):
        raise RunError(f"{folder}: could not be deleted; delete it by hand")


def open_up(folder: Path) -> None:
    """Give back to the owner what a program took from ``folder``: to read, write and enter it."""
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(folder.lstat().st_mode)
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            folder.chmod(mode | stat.S_IRWXU)


def clear_way(top: Path, way: Path) -> None:
    """Delete what a program put in the way of the folders ``way`` (relative) below ``top``: links above all.

    Whoever mounts or makes folders along that way would follow them. Nothing may run in there meanwhile.
    """
    here = top
    for part in way.parts:
        here = here / part
        if not os.path.lexists(here):
            return
        if here.is_symlink() or not here.is_dir():
            here.unlink()
            return
        open_up(here)
