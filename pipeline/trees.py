"""A source tree as a read-only mapping from path to content, read only where it is asked.

Paths are relative with slashes; names that are not UTF-8 are surrogate-escaped. A symlink's
content is its target, as git stores it: it is never followed, neither as the last part of a path
nor before it, so no path leads out of the tree. ``.git`` is not part of a tree.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from pipeline.errors import InputError
from pipeline.git import GitError, git

_BLOBS = ("100644", "100755", "100664", "120000")


class DirectoryTree(Mapping[str, bytes]):
    """The files under a folder, as they are when they are read."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when ``path`` is no folder."""
        if not path.is_dir():
            what = "is a file" if path.exists() else "does not exist"
            raise InputError(f"{path}: {what}; give the folder that holds the tree")
        self.path = path

    def __getitem__(self, key: str) -> bytes:
        mode = self._mode(key)
        path = self.path / key
        if mode is not None and stat.S_ISLNK(mode):
            return os.fsencode(path.readlink())
        if mode is None or not stat.S_ISREG(mode):
            raise KeyError(key)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def __contains__(self, key: object) -> bool:
        mode = self._mode(key) if isinstance(key, str) else None
        return mode is not None and (stat.S_ISREG(mode) or stat.S_ISLNK(mode))

    def __iter__(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.path):
            linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
            folders[:] = sorted(set(folders) - set(linked) - {".git"})
            for name in sorted(files + linked):
                key = Path(folder, name).relative_to(self.path).as_posix()
                if key in self:
                    yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _mode(self, key: str) -> int | None:
        """The file's own mode; None where there is none, or the way there leaves the tree."""
        parts = key.split("/")
        if "\0" in key or not set(parts).isdisjoint({"", ".", "..", ".git"}):
            return None
        mode = None
        path = self.path
        for part in parts:
            if mode is not None and not stat.S_ISDIR(mode):
                return None
            path = path / part
            try:
                mode = path.lstat().st_mode
            except OSError:
                return None
        return mode


class CommitTree(Mapping[str, bytes]):
    """The files of one commit, read from the repository; nothing is checked out."""

    def __init__(self, repo: Path, sha: str) -> None:
        """``sha`` is anything git takes for a commit. Raises InputError when there is no such one."""
        try:
            found = git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{sha}^{{commit}}")
        except GitError:
            raise InputError(f"{repo}: no commit {sha!r}; fetch it, or give one that 'git log' shows") from None
        self.repo, self.sha = repo, found.decode().strip()

    @cached_property
    def _blobs(self) -> dict[str, str]:
        listed = git(self.repo, "ls-tree", "-r", "-z", "--full-tree", self.sha)
        blobs = {}
        for row in listed.split(b"\0")[:-1]:
            meta, _, name = row.partition(b"\t")
            mode, _, blob = meta.decode().split(" ")
            if mode in _BLOBS:
                blobs[os.fsdecode(name)] = blob
        return blobs

    def __getitem__(self, key: str) -> bytes:
        return git(self.repo, "cat-file", "blob", self._blobs[key])

    def __contains__(self, key: object) -> bool:
        return key in self._blobs

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)
