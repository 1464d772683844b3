"""Puts a candidate's files and the merge commit's tests together, in git's object store alone.

Nothing of a candidate's is a file on the host before the tree is final: the patch is applied in an
index, guarded paths are replaced in it, and the result is checked out with all filters off.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from pipeline import git as our_git
from pipeline.errors import RunError
from pipeline.evaluate.hard.guarded import is_guarded
from pipeline.git import GitError, git
from pipeline.rollout import hostile
from pipeline.rollout.claim import claim
from pipeline.rollout.sandbox.identity import identity

_AS_STORED = "* !filter !diff !merge !ident !text !eol !working-tree-encoding\n"
"""In info/attributes, where it outranks the candidate's .gitattributes."""

_GITLINK = "160000"

Entries = dict[str, tuple[str, str]]
"""Path (surrogate-escaped) to mode and object id."""


class DoesNotApply(Exception):
    """git cannot apply the patch to the base; the text is git's."""


class Placer:
    """Makes checkouts of composed trees from one clone. Safe to share between threads."""

    def __init__(self, clone: Path, scratch: Path) -> None:
        """``scratch``: checkouts while they are in use; what a killed process left there is deleted."""
        self.clone = clone
        self._mine = claim(scratch.absolute() / "hard")
        self._lock = threading.Lock()
        self._count = 0
        self._store = self._mine.path / "objects.git"
        kind = git(clone, "rev-parse", "--show-object-format").decode().strip()
        git(clone, "init", "-q", "--bare", "--template=", f"--object-format={kind}", str(self._store))
        objects = Path(os.fsdecode(git(clone, "rev-parse", "--git-path", "objects").strip()))
        for folder in ("info", "objects/info"):
            (self._store / folder).mkdir(parents=True, exist_ok=True)
        (self._store / "objects/info/alternates").write_bytes(os.fsencode((clone / objects).resolve()) + b"\n")
        (self._store / "info/attributes").write_text(_AS_STORED)

    def tree(self, base_sha: str, merge_sha: str, patch: bytes, *, three_way: bool = False) -> str:
        """Sha of a tree: ``base_sha`` with ``patch``, every guarded path as ``merge_sha`` has it.

        Raises DoesNotApply for a patch that git cannot apply, GitError for missing objects.
        """
        with self._place() as folder:
            index = folder / "index"
            self._git("read-tree", base_sha, index=index)
            if patch.strip():
                self._apply(patch, index, three_way)
            merged = {path: entry for path, entry in self._listed(merge_sha).items() if is_guarded(path)}
            entries = self._staged(index)
            free = {path: entry for path, entry in entries.items() if not is_guarded(path)}
            self._git("read-tree", "--empty", index=index)
            self._git("update-index", "-z", "--index-info", index=index, input=_index_info(_over(free, merged)))
            return self._git("write-tree", index=index).decode().strip()

    def paths(self, tree: str) -> frozenset[str]:
        """The paths of all files in ``tree``."""
        return frozenset(self._listed(tree))

    def diff(self, old: str, new: str) -> bytes:
        """The patch from one tree or commit to another."""
        return self._git("diff-tree", "-r", "-p", "-M", "--binary", "--full-index", *our_git.NO_DRIVERS, old, new)

    @contextlib.contextmanager
    def checkout(self, tree: str) -> Iterator[tuple[Path, Path]]:
        """Files of ``tree`` without any git directory, and an empty folder for its /tmp; both deleted afterwards."""
        with self._place() as folder:
            checkout, tmp, index = folder / "checkout", folder / "tmp", folder / "index"
            checkout.mkdir()
            tmp.mkdir()
            self._git("read-tree", tree, index=index)
            words = (f"--git-dir={self._store}", f"--work-tree={checkout}", "-c", "core.bare=false")
            self._git(*words, "checkout-index", "--all", "--force", "--quiet", index=index)
            give(checkout)
            give(tmp)
            yield checkout, tmp

    @contextlib.contextmanager
    def _place(self) -> Iterator[Path]:
        with self._lock:
            self._count += 1
            folder = self._mine.path / str(self._count)
        folder.mkdir()
        try:
            yield folder
        finally:
            hostile.remove(folder)

    def _apply(self, patch: bytes, index: Path, three_way: bool) -> None:
        words = ["apply", "--cached", "--whitespace=nowarn", *(["--3way"] if three_way else []), "-"]
        try:
            self._git(*words, index=index, input=patch if patch.endswith(b"\n") else patch + b"\n")
        except GitError as error:
            raise DoesNotApply(error.stderr.splitlines()[-1] if error.stderr else "git apply failed") from None

    def _staged(self, index: Path) -> Entries:
        rows = self._git("ls-files", "--stage", "-z", index=index).split(b"\0")[:-1]
        fields = (row.partition(b"\t") for row in rows)
        return {os.fsdecode(path): (head.split()[0].decode(), head.split()[1].decode()) for head, _, path in fields}

    def _listed(self, tree: str) -> Entries:
        rows = self._git("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0")[:-1]
        fields = (row.partition(b"\t") for row in rows)
        return {os.fsdecode(path): (head.split()[0].decode(), head.split()[2].decode()) for head, _, path in fields}

    def _git(self, *args: str, index: Path | None = None, input: bytes = b"") -> bytes:
        extra = {"GIT_INDEX_FILE": str(index)} if index else {}
        words = our_git.command(self._store, *args)
        ran = subprocess.run(
            words, input=input, capture_output=True, env={**our_git.environment(), **extra}, check=False
        )
        if ran.returncode != 0:
            raise GitError(self.clone, args, ran.returncode, ran.stderr)
        return ran.stdout


def _over(free: Entries, merged: Entries) -> Entries:
    """``merged`` over ``free``: a file in the way of a guarded folder, or below a guarded file, gives way."""
    folders = {str(parent) for path in merged for parent in PurePosixPath(path).parents}
    kept = {
        path: entry
        for path, entry in free.items()
        if path not in folders and not any(str(parent) in merged for parent in PurePosixPath(path).parents)
    }
    return {path: entry for path, entry in {**kept, **merged}.items() if entry[0] != _GITLINK}


def _index_info(entries: Mapping[str, tuple[str, str]]) -> bytes:
    return b"".join(f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0" for path, (mode, oid) in entries.items())


def give(top: Path) -> None:
    """Make the sandbox's user the owner of ``top`` and all in it; nothing unless we are root."""
    who = identity()
    if not who.changes:
        return
    for folder, folders, files in os.walk(top):
        for name in (".", *folders, *files):
            os.chown(Path(folder, name), who.uid, who.gid, follow_symlinks=False)


def put(checkout: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files of ours into ``checkout`` before anything ran in it; a link on the way is an error of ours."""
    for name, content in files:
        place = checkout / name
        if any(parent.is_symlink() for parent in [place, *place.parents][: len(PurePosixPath(name).parts) + 1]):
            raise RunError(f"{place}: a symbolic link is in the way")
        made = [parent for parent in reversed(place.parents) if not parent.exists()]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        for new in (*made, place):
            _give_one(new)


def _give_one(path: Path) -> None:
    who = identity()
    if who.changes:
        os.chown(path, who.uid, who.gid, follow_symlinks=False)
