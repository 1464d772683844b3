"""Checkouts for rollouts: one commit each, made in tens of milliseconds, deleted in the background.

A base commit is prepared once (``base``); each checkout is then one ``tar -x`` of its archive, a
copy of its own that shares nothing with other checkouts (hard links would let one agent write
into another's files). Not covered: what happens in the checkout; see ``sandbox`` and ``extract``.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import InputError, RunError
from pipeline.rollout import hostile
from pipeline.rollout.base import ARCHIVE, GIT_DIR, commit_of, prepare
from pipeline.rollout.claim import claim
from pipeline.rollout.extract import Extracted, extract
from pipeline.rollout.sandbox.identity import identity

_MOST_WAITING = 16
"""Deletions in the background; beyond it whoever closes a workspace deletes it, so that disks do not fill."""


@dataclass(frozen=True)
class Workspace:
    """A checkout of one commit for one rollout."""

    checkout: Path
    """The files, with a throw-away ``.git`` that the host never reads."""
    tmp: Path
    """The rollout's own /tmp, kept from command to command."""
    git_dir: Path
    """The trusted git directory; outside of what the sandbox shows."""
    base_sha: str

    def patch(self) -> Extracted:
        """What the rollout changed. No process of it may be running any more."""
        return extract(self.checkout, self.git_dir, self.base_sha)


class Workspaces:
    """Makes workspaces from one clone. Safe to share between threads; several processes may share ``root``."""

    def __init__(self, repo: Path, root: Path) -> None:
        """``repo``: a trusted clone, only read. ``root``: caches and checkouts; may be deleted when nothing runs.

        What a killed process left in ``root`` is deleted. Raises InputError when ``root`` cannot be used.
        """
        self._repo = repo
        self._root = root.absolute()
        self._commits: dict[str, str] = {}
        self._count = itertools.count()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._deleter = ThreadPoolExecutor(1, "switchover-delete")
        self._waiting = threading.Semaphore(_MOST_WAITING)
        try:
            self._mine = claim(self._root / "live")
        except OSError as error:
            raise InputError(f"{root}: cannot be used ({error.strerror}); choose a folder that you may write") from None

    @contextlib.contextmanager
    def open(self, base_sha: str) -> Iterator[Workspace]:
        """A fresh workspace at a commit of the clone; deleted afterwards, whatever was made of it.

        Raises InputError when the clone does not hold the commit, RunError when the disk is full.
        """
        sha = self._commits.get(base_sha) or commit_of(self._repo, base_sha)
        self._commits[base_sha] = sha
        base = self._base(sha)
        place = self._mine.path / str(next(self._count))
        try:
            yield _unpacked(base, place, sha)
        finally:
            self._delete(place)

    def prepared(self, base_sha: str) -> Path:
        """The folder of a commit made ready (see ``base``), which checkouts anywhere can be made from."""
        return self._base(commit_of(self._repo, base_sha))

    def wait(self) -> None:
        """Until everything that was closed is deleted."""
        self._deleter.submit(lambda: None).result()

    def _base(self, sha: str) -> Path:
        """The prepared base; prepared now if it is not there."""
        base = self._root / "bases" / sha
        with self._locks[sha]:
            if not (base / ARCHIVE).is_file():
                made = self._mine.path / f"base-{uuid.uuid4().hex}"
                prepare(self._repo, sha, made)
                base.parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(OSError):  # another process was faster: its base is as good
                    made.rename(base)
        return base

    def _delete(self, place: Path) -> None:
        if not self._waiting.acquire(blocking=False):
            hostile.remove(place)
            return

        def remove() -> None:
            try:
                hostile.remove(place)
            finally:
                self._waiting.release()

        self._deleter.submit(remove)


def _unpacked(base: Path, place: Path, sha: str) -> Workspace:
    who = identity()
    checkout, tmp = place / "checkout", place / "tmp"
    for folder in (checkout, tmp):
        folder.mkdir(parents=True)
        if who.changes:
            os.chown(folder, who.uid, who.gid)
    # As the sandbox's user, so that the files are its own; the folder is entered before the change.
    user: dict[str, Any] = {"user": who.uid, "group": who.gid, "extra_groups": []} if who.changes else {}
    words = ["tar", "--extract", "--no-same-owner", "--preserve-permissions"]
    with (base / ARCHIVE).open("rb") as archive:
        ran = subprocess.run(words, stdin=archive, cwd=checkout, capture_output=True, check=False, **user)
    if ran.returncode != 0:
        said = ran.stderr.decode("utf-8", "replace").strip()[-300:]
        raise RunError(f"{checkout}: could not be unpacked ({said}); free space, then run the same command again")
    return Workspace(checkout, tmp, base / GIT_DIR, sha)
