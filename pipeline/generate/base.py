"""The repository at a commit: what is generated from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.collect.clone import name_of
from pipeline.config import utc
from pipeline.errors import InputError
from pipeline.git import GitError, git


@dataclass(frozen=True)
class Base:
    """A commit of a repository."""

    repo: Path
    """The top of the work tree, or the git directory of a bare clone."""
    name: str
    """``owner/name`` from the remote ``origin``, else ``local/FOLDER``."""
    sha: str
    time: str
    """Commit time, ISO in UTC."""


def open_base(repo: Path, sha: str | None) -> Base:
    """The commit ``sha`` (any revision; None: HEAD) of the repository that holds ``repo``; may be shallow.

    Raises InputError for a path that is no repository, one without a commit, and an unknown ``sha``.
    """
    if not repo.is_dir():
        what = "is a file" if repo.exists() else "no such folder"
        raise InputError(f"{repo}: {what}; give the path of a git clone")
    top = _top(repo)
    try:
        full = git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{sha or 'HEAD'}^{{commit}}")
    except GitError:
        if sha is None:
            raise InputError(f"{repo}: has no commit at HEAD; commit something first") from None
        raise InputError(f"{repo}: has no commit {sha}; give one that 'git log' there shows") from None
    commit = full.decode().strip()
    time = git(top, "show", "-s", "--format=%cI", "--no-show-signature", commit).decode().strip()
    return Base(top, name_of(top), commit, utc(time))


def _top(repo: Path) -> Path:
    try:
        bare = git(repo, "rev-parse", "--is-inside-work-tree").strip() == b"false"
        option = "--absolute-git-dir" if bare else "--show-toplevel"
        return Path(git(repo, "rev-parse", option).decode("utf-8", "surrogateescape").rstrip("\n"))
    except GitError as error:
        if "not a git repository" in error.stderr:
            raise InputError(f"{repo}: not a git repository; give the path of a git clone") from None
        raise
