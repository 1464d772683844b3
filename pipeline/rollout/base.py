"""One base commit made ready: a trusted git directory with its objects alone, and an archive of its tree.

The archive holds the files byte by byte as they are stored (no line-end conversion, no filter, no
export-ignore) and a throw-away ``.git`` for the agent: one commit without history, remote or
hooks. The trusted git directory never enters a sandbox.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from pipeline import whole
from pipeline.errors import InputError, RunError
from pipeline.git import GitError, git, piped

GIT_DIR = "git"
ARCHIVE = "tree.tar"

_AS_STORED = "* !filter !ident !text !eol !working-tree-encoding\n"
"""In info/attributes, where it outranks the repository's own .gitattributes."""

_AGENT_CONFIG = {
    # The archive's files get new inodes: only size and time can tell that nothing changed.
    "core.checkStat": "minimal",
    "core.trustctime": "false",
    "gc.auto": "0",
    "user.name": "agent",
    "user.email": "agent@localhost",
}


def commit_of(repo: Path, sha: str) -> str:
    """Full sha of a commit. Raises InputError when ``repo`` is none or does not hold it."""
    if not repo.is_dir():
        raise InputError(f"{repo}: no such folder; give the path of a clone")
    try:
        return git(repo, "rev-parse", "--verify", "--end-of-options", f"{sha}^{{commit}}").decode().strip()
    except GitError:
        raise InputError(f"{repo}: holds no commit {sha}; fetch it, or give a commit that the clone holds") from None


def prepare(repo: Path, sha: str, folder: Path) -> None:
    """Fill the new ``folder`` with ``GIT_DIR`` and ``ARCHIVE`` for commit ``sha`` of ``repo``.

    Raises RunError when git or tar fails (objects missing from a partial clone, disk full).
    """
    folder.mkdir(parents=True)
    trusted, tree = folder / GIT_DIR, folder / "tree"
    tree.mkdir()
    _init(repo, trusted, "--bare")
    root = _copy_objects(repo, sha, trusted)
    _check_out(trusted, sha, tree)
    when = git(repo, "show", "-s", "--format=%ct", sha).decode().strip()
    _date(tree, int(when))
    _add_agents_git(repo, trusted, tree, root, when)
    _archive(tree, folder / ARCHIVE)
    shutil.rmtree(tree)
    whole.on_disk(folder)


def _init(repo: Path, place: Path, *words: str) -> None:
    kind = git(repo, "rev-parse", "--show-object-format").decode().strip()
    git(place.parent, "init", "-q", "--template=", "-b", "main", f"--object-format={kind}", *words, str(place))
    (place if words else place / ".git").joinpath("info").mkdir(exist_ok=True)


def _copy_objects(repo: Path, sha: str, trusted: Path) -> str:
    """Copy the commit and its tree, without any other commit; give the tree's sha."""
    root = git(repo, "rev-parse", f"{sha}^{{tree}}").decode().strip()
    packs = trusted / "objects" / "pack" / "pack"
    piped(repo, ("rev-list", "--objects", "--no-walk", root), ("pack-objects", "-q", str(packs)), b"")
    commit = git(repo, "cat-file", "commit", sha)
    git(trusted, "hash-object", "-t", "commit", "-w", "--stdin", input=commit)
    (trusted / "shallow").write_text(f"{sha}\n")
    return root


def _check_out(trusted: Path, sha: str, tree: Path) -> None:
    (trusted / "info" / "attributes").write_text(_AS_STORED)
    words = (f"--git-dir={trusted}", f"--work-tree={tree}")
    git(tree, *words, "read-tree", sha)
    git(tree, *words, "checkout-index", "--all", "--force", "--quiet")
    (trusted / "index").unlink(missing_ok=True)


def _date(tree: Path, seconds: int) -> None:
    """Give every file the commit's time: what a command prints must not depend on the day of the run."""
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            os.utime(Path(folder, name), (seconds, seconds), follow_symlinks=False)


def _add_agents_git(repo: Path, trusted: Path, tree: Path, root: str, when: str) -> None:
    _init(repo, tree)
    (tree / ".git" / "info" / "attributes").write_text(_AS_STORED)
    for pack in (trusted / "objects" / "pack").iterdir():
        shutil.copy(pack, tree / ".git" / "objects" / "pack")
    for key, value in _AGENT_CONFIG.items():
        git(tree, "config", key, value)
    who = f"switchover <switchover@localhost> {when} +0000"
    text = f"tree {root}\nauthor {who}\ncommitter {who}\n\nBase\n"
    commit = git(tree, "hash-object", "-t", "commit", "-w", "--stdin", input=text.encode()).decode().strip()
    git(tree, "update-ref", "refs/heads/main", commit)
    git(tree, "read-tree", "HEAD")
    git(tree, "update-index", "-q", "--refresh")
    shutil.rmtree(tree / ".git" / "logs", ignore_errors=True)  # it would name the day of the run


def _archive(tree: Path, archive: Path) -> None:
    words = ["tar", "--create", "--file", str(archive), "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "."]
    ran = subprocess.run(words, cwd=tree, capture_output=True, check=False)
    if ran.returncode != 0:
        raise RunError(f"{archive}: tar failed: {ran.stderr.decode('utf-8', 'replace').strip()}; look for free space")
