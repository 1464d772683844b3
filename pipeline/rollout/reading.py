"""Read a hostile checkout: what is there, what of it differs from the base, what cannot be taken.

Every file is opened below its folder's descriptor without following links, so that nothing
outside of the checkout is ever read. Nothing is executed; closed files of ours are opened up.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.rollout import hostile, names
from pipeline.rollout.bench import EXECUTABLE, GITLINK, LINK, PLAIN, Bench, Entry
from pipeline.types import LeftOut

FILE_LIMIT = 5 * 2**20
"""Bytes of a new file, and by which a file of the base may grow."""
TOTAL_LIMIT = 50 * 2**20
"""Bytes of all new and changed contents together."""
MOST_NEW_FILES = 100_000
"""New names that are looked at; an endless tree must not keep us busy without end."""
_BINARY_LOOKS = 8000
"""Bytes in which git looks for a NUL to tell binary from text."""

_DETAILS = {
    "git_folder": "git takes this name for its own folder",
    "control_in_name": "the name holds control or direction characters",
    "special_file": "a FIFO, socket or device; what the base has there stays",
    "submodule": "the base has a submodule there; what lies in it is not followed",
    "path_too_long": f"the path is longer than {names.LONGEST} bytes",
    "link_outside": "a symbolic link that leaves the tree",
    "git_settings_link": "git refuses this name for a symbolic link",
    "file_too_large": f"more than {FILE_LIMIT // 2**20} MiB new",
    "patch_too_large": f"with it the changes would hold more than {TOTAL_LIMIT // 2**20} MiB",
    "too_many_files": f"more than {MOST_NEW_FILES} new files; the others were not looked at",
    "unreadable": "it cannot be opened; what the base has there stays",
}


@dataclass
class Found:
    """What the walk brought to light. Paths are relative, bytes, with ``/``."""

    changed: dict[bytes, Entry] = field(default_factory=dict)
    binary: set[bytes] = field(default_factory=set)
    """Those of ``changed`` that are not text."""
    kept: set[bytes] = field(default_factory=set)
    """Of the base: unchanged, or left as they are because what took their place was left out."""
    new: list[bytes] = field(default_factory=list)
    """Not in the base; not yet read."""
    left_out: list[LeftOut] = field(default_factory=list)

    def leave_out(self, path: bytes, reason: str) -> None:
        self.left_out.append(LeftOut("patch", "file", names.shown(path), reason, _DETAILS[reason]))


class Reader:
    """Reads one checkout against one base."""

    def __init__(self, checkout: Path, base: Mapping[bytes, Entry], bench: Bench) -> None:
        self._checkout = checkout
        self._base = base
        self._folders = _folders_of(base)
        self._bench = bench
        self._taken = 0
        self.found = Found()

    def read(self) -> Found:
        """Walk the tree, reading what the base has too; new names are only listed."""
        hostile.walk(self._checkout, self._visit, self._lost)
        if len(self.found.new) >= MOST_NEW_FILES:
            self.found.leave_out(b".", "too_many_files")
        return self.found

    def take(self, path: bytes) -> None:
        """Read a new file that ``read`` listed."""
        *folders, name = os.fsdecode(path).split("/")
        here = hostile.open_folder(self._checkout)
        try:
            for folder in folders:
                below = hostile.open_folder(folder, here)
                os.close(here)
                here = below
            self._compare(here, name, path, os.stat(name, dir_fd=here, follow_symlinks=False))
        except OSError:
            self.found.leave_out(path, "unreadable")
        finally:
            os.close(here)

    def _visit(self, here: int, parts: Sequence[str]) -> list[str]:
        prefix = os.fsencode("/".join(parts)) + b"/" if parts else b""
        inside = prefix[:-1] in self._folders
        folders = []
        with os.scandir(here) as entries:
            for entry in entries:
                if not inside and len(self.found.new) >= MOST_NEW_FILES:
                    break
                if self._enter(here, entry.name, prefix + os.fsencode(entry.name)):
                    folders.append(entry.name)
        return folders

    def _enter(self, here: int, name: str, path: bytes) -> bool:
        """Deal with one entry; True for a folder to go into."""
        if path == b".git":
            return False
        if reason := self._unfit(here, name, path):
            self._keep(path, reason)
            return False
        try:
            status = os.stat(name, dir_fd=here, follow_symlinks=False)
        except OSError:
            return False
        if stat.S_ISDIR(status.st_mode):
            return path not in self.found.kept
        if path in self._base:
            self._compare(here, name, path, status)
        elif stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            self.found.new.append(path)
        else:
            self.found.leave_out(path, "special_file")
        return False

    def _unfit(self, here: int, name: str, path: bytes) -> str | None:
        known = self._base.get(path)
        if known and known.mode == GITLINK:
            self.found.kept.add(path)
            return None if _is_empty(here, name) else "submodule"
        if known or path in self._folders:
            return None
        return "path_too_long" if len(path) > names.LONGEST else names.refused(path.rpartition(b"/")[2])

    def _compare(self, here: int, name: str, path: bytes, status: os.stat_result) -> None:
        known = self._base.get(path)
        allowed = FILE_LIMIT + (known.size if known else 0)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            self._keep(path, "special_file")
        elif status.st_size > allowed:
            self._keep(path, "file_too_large")
        else:
            try:
                mode, content = _content(here, name, status, allowed)
            except OSError:
                self._keep(path, "unreadable")
            else:
                self._weigh(path, mode, content)

    def _weigh(self, path: bytes, mode: str, content: bytes) -> None:
        """Whether this content, now read, enters the patch."""
        known = self._base.get(path)
        oid = self._bench.oid(content)
        if known and (known.mode, known.oid) == (mode, oid):
            self.found.kept.add(path)
        elif mode == LINK and (reason := names.link_refused(path, content)):
            self._keep(path, reason)
        elif self._taken + len(content) > TOTAL_LIMIT:
            self._keep(path, "patch_too_large")
        else:
            self._taken += len(content)
            self.found.changed[path] = Entry(mode, self._bench.write(content), len(content))
            if b"\0" in content[:_BINARY_LOOKS]:
                self.found.binary.add(path)

    def _keep(self, path: bytes, reason: str) -> None:
        self.found.kept.add(path)
        self.found.leave_out(path, reason)

    def _lost(self, parts: Sequence[str]) -> None:
        folder = os.fsencode("/".join(parts))
        self.found.kept.update(path for path in self._base if path.startswith(folder + b"/"))
        self.found.leave_out(folder, "unreadable")


def _folders_of(base: Mapping[bytes, Entry]) -> set[bytes]:
    folders = {b""}
    for path in base:
        while path not in folders:
            path = path.rpartition(b"/")[0]
            folders.add(path)
    return folders


def _is_empty(here: int, name: str) -> bool:
    try:
        folder = hostile.open_folder(name, here)
    except OSError:
        return False
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    finally:
        os.close(folder)


def _content(here: int, name: str, status: os.stat_result, allowed: int) -> tuple[str, bytes]:
    """Mode and content of a file or link. Raises OSError when it is neither any more, or grew too large."""
    if stat.S_ISLNK(status.st_mode):
        return LINK, os.fsencode(os.readlink(name, dir_fd=here))
    with open(hostile.open_file(name, here), "rb") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("no regular file any more")
        content = file.read(allowed + 1)
    if len(content) > allowed:
        raise OSError("grew while it was read")
    return EXECUTABLE if status.st_mode & stat.S_IXUSR else PLAIN, content
