"""Open a clone for mining, and say in one line why when it cannot be mined."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.git import GitError, git

log = logging.getLogger(__name__)

_REMOTE = re.compile(r"^(?:[a-z+]+://)?(?:[^@/]+@)?(?P<host>[^/:]+\.[^/:]+|localhost)(?::\d+/|[:/])(?P<path>.+)$", re.I)


@dataclass(frozen=True)
class Clone:
    """A repository on this machine."""

    path: Path
    """Absolute: the top of the work tree, or the git directory of a bare clone."""
    name: str
    """``owner/name`` from the remote ``origin``, else ``local/FOLDER``."""
    tip: str | None
    """Full sha that HEAD names; None when there is no commit at all."""


def open_clone(source: Path) -> Clone:
    """The clone that holds ``source``. Nothing is written to it and nothing of it is run.

    Raises InputError for a missing path, something that is no repository, a shallow clone, and a
    HEAD without commits in a repository that has some.
    """
    path = _top(_existing(source))
    if git(path, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise InputError(f"{source}: a shallow clone lacks the history; run 'git -C {source} fetch --unshallow' first")
    return Clone(path, name_of(path), _tip(path, source))


def _existing(source: Path) -> Path:
    if source.is_dir():
        return source
    if source.exists():
        raise _no_repository(source)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)) or re.match(r"\w+:/|\S+@\S+:", str(source)):
        raise InputError(
            f"{source}: no such folder; only 'switchover collect OWNER/NAME' reads from a forge by name: "
            "run 'git clone URL', then give the path of the clone"
        )
    raise InputError(f"{source}: no such folder; give the path of a git clone")


def _no_repository(source: Path) -> InputError:
    return InputError(f"{source}: not a git repository; give the path of a git clone")


def _top(source: Path) -> Path:
    try:
        bare = git(source, "rev-parse", "--is-inside-work-tree").strip() == b"false"
        option = "--absolute-git-dir" if bare else "--show-toplevel"
        return Path(git(source, "rev-parse", option).decode("utf-8", "surrogateescape").rstrip("\n"))
    except GitError as error:
        if "not a git repository" in error.stderr:
            raise _no_repository(source) from None
        raise


def _tip(path: Path, source: Path) -> str | None:
    try:
        return git(path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except GitError:
        branches = git(path, "for-each-ref", "--count=1", "--format=%(refname)", "refs/heads", "refs/remotes").decode()
        if not branches.strip():
            return None
        raise InputError(
            f"{source}: HEAD names a branch without commits; check out one that has some, such as {branches.strip()}"
        ) from None


def warn_of_newer(clone: Clone) -> None:
    """Mining follows HEAD; say so when the remote's default branch has more."""
    if clone.tip is None:
        return
    try:
        count = git(clone.path, "rev-list", "--count", f"{clone.tip}..refs/remotes/origin/HEAD").decode().strip()
    except GitError:
        return
    if count != "0":
        log.warning("HEAD lacks %s commits of origin's default branch; check that out to collect them too", count)


def name_of(path: Path) -> str:
    """``owner/name`` of the git directory ``path``: from its origin, else ``local/FOLDER``."""
    try:
        url = git(path, "config", "--get", "remote.origin.url").decode("utf-8", "replace").strip()
    except GitError:
        url = ""
    found = _REMOTE.match(url)
    if found:
        return _clean(found["path"])
    folder = Path(url).name if url else (path.parent if path.name == ".git" else path).name
    return f"local/{_clean(folder) or 'clone'}"


def _clean(path: str) -> str:
    """``owner/name`` without credentials, query or ``.git``; nothing in it may break an id or a file name."""
    path = path.split("?")[0].split("#")[0].strip("/").removesuffix(".git")
    return re.sub(r"[^\w./-]", "-", path)
