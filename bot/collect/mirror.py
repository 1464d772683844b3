"""The bare clone of a repository that its files and diffs are read from: ``FILE.mirrors/ID.git``.

Whole, not partial: each diff and each workspace would have to ask for objects again, with a token.
Nothing of it is ever checked out or run here. A clone that was cut short is never taken for one.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.collect.transfer import Broken, Say, fetch
from bot.errors import Rejected, Unavailable
from pipeline.addresses import is_loopback, web_of
from pipeline.errors import RunError
from pipeline.git import GitError, git

log = logging.getLogger(__name__)

CLONE_SECONDS = 6 * 3600
"""For the first copy of a repository."""

FETCH_SECONDS = 1800
"""For what is new in it."""

PATIENCE = 60
"""Seconds to wait for somebody else who fetches the same mirror."""


@dataclass(frozen=True)
class Source:
    """Where a mirror is fetched from."""

    url: str
    """Without credentials."""
    branch: str
    """The default one."""
    token: str


def path_of(db: Path, id: int) -> Path:
    """The mirror of repository ``id`` beside the database ``db``; it need not exist."""
    return Path(f"{db.absolute()}.mirrors") / f"{id}.git"


def sync(path: Path, source: Source, say: Say | None = None) -> None:
    """Make the mirror what the source is now. Killed at any moment, the next one goes on or begins anew.

    Raises a kind of GitHubError, or RunError when the disk does not take it.
    """
    with _held(path) as lock:
        _forget_killed(path)
        try:
            if not path.is_dir():
                return _clone(path, source, lock, say)
            fetch(path, source.url, source.token, lock, FETCH_SECONDS, say)
        except Broken as error:
            log.warning("%s: damaged (%s); cloned anew", path, error)
            return _clone(path, source, lock, say)
        _point(path, source)
    return None


def remove(path: Path) -> None:
    """Delete the mirror, also a half-made one; nothing happens when there is none. Raises Unavailable."""
    if path.parent.is_dir():
        with _held(path):
            shutil.rmtree(path, ignore_errors=True)
            shutil.rmtree(_half(path), ignore_errors=True)


def clone_url(api_url: str, given: str) -> str:
    """``given`` (what the API says) where it lies on the same GitHub. Raises Rejected: the token is not for others."""
    web, theirs = urlsplit(web_of(api_url)), urlsplit(given)
    here = is_loopback(web.hostname) and is_loopback(theirs.hostname) and theirs.scheme == "http"
    same = (theirs.scheme, theirs.netloc.lower()) == ("https", web.netloc.lower())
    if theirs.username or not (same or here):
        raise Rejected(f"{api_url}: it says to clone from {theirs.hostname}; set SWITCHOVER_GITHUB_URL right")
    return given


def _clone(path: Path, source: Source, lock: int, say: Say | None) -> None:
    half = _half(path)
    shutil.rmtree(half, ignore_errors=True)
    _init(half, source)
    fetch(half, source.url, source.token, lock, CLONE_SECONDS, say)
    _point(half, source)
    shutil.rmtree(path, ignore_errors=True)
    half.rename(path)


def _half(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _init(half: Path, source: Source) -> None:
    try:
        half.mkdir(mode=0o700)
    except OSError as error:
        raise RunError(f"{half}: {error.strerror}; give its folder room and write permission") from None
    git(half, "init", "--quiet", "--bare", "--template=", f"--initial-branch={source.branch}", ".")


def _point(path: Path, source: Source) -> None:
    """HEAD and origin as the source has them now, after a rename too."""
    git(path, "symbolic-ref", "HEAD", f"refs/heads/{source.branch}")
    git(path, "config", "remote.origin.url", source.url)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[int]:
    """The one who writes to the mirror; git inherits the lock, so an orphan of a killed process still holds it."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        lock = path.with_suffix(".lock").open("a")
    except OSError as error:
        raise RunError(f"{error.filename}: {error.strerror}; give its folder room and write permission") from None
    with lock:
        deadline = time.monotonic() + PATIENCE
        while not _locked(lock.fileno()):
            if time.monotonic() > deadline:
                raise Unavailable(f"{path}: another process is fetching it; try again later")
            time.sleep(0.1)
        yield lock.fileno()


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _forget_killed(path: Path) -> None:
    """Locks and half packs of a git that was killed: while we hold the mirror, nobody else can be using them."""
    for name in ("HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock"):
        (path / name).unlink(missing_ok=True)
    for lock in (path / "refs").rglob("*.lock"):
        lock.unlink(missing_ok=True)
    objects = path / "objects"
    for half in (*objects.glob("pack/tmp_*"), *objects.glob("*/tmp_obj_*")):
        half.unlink(missing_ok=True)
    for folder in objects.glob("tmp_objdir-*"):
        shutil.rmtree(folder, ignore_errors=True)


def is_sound(path: Path) -> bool:
    """Whether a mirror is there that git can read."""
    try:
        return path.is_dir() and bool(git(path, "rev-parse", "--git-dir"))
    except GitError:
        return False
