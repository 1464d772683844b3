"""Trees: of a folder and of a commit, the same files, and no way out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.trees import CommitTree, DirectoryTree


def git(repo: Path, *args: str) -> str:
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b.c",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b.c",
    }
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(repo), **identity}
    ran = subprocess.run(["git", *args], cwd=repo, check=True, capture_output=True, text=True, env=environment)
    return ran.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "src").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / "src/a.py").write_bytes(b"a\r\n")
    (folder / "ünï cödé").write_bytes(b"\xff")
    (folder / "out").symlink_to("../secret")
    (folder / "up").symlink_to("..")
    (folder / os.fsdecode(b"raw\xff.py")).write_bytes(b"raw")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return folder


def test_both_trees_hold_the_same(repo: Path) -> None:
    folder, commit = DirectoryTree(repo), CommitTree(repo, "HEAD")
    assert dict(folder) == dict(commit)
    assert set(folder) == {"src/a.py", "ünï cödé", "out", "up", "raw\udcff.py"}
    assert len(folder) == len(commit) == 5
    assert folder["out"] == b"../secret"


OUTSIDE = ["", ".", "..", "../secret", "/etc/passwd", "up/secret", "src/../src/a.py", ".git/config"]
MISSPELT = ["src", "src/a.py/", "src//a.py", "a\0b"]


@pytest.mark.parametrize("path", OUTSIDE + MISSPELT)
def test_no_path_leads_out(repo: Path, path: str) -> None:
    for tree in (DirectoryTree(repo), CommitTree(repo, "HEAD")):
        assert path not in tree
        with pytest.raises(KeyError):
            tree[path]


def test_a_pipe_is_no_file_and_does_not_hang(repo: Path) -> None:
    os.mkfifo(repo / "pipe")
    tree = DirectoryTree(repo)
    assert "pipe" not in tree and "pipe" not in set(tree)
    with pytest.raises(KeyError):
        tree["pipe"]


def test_a_commit_is_read_as_it_was(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD")
    (repo / "src/a.py").write_bytes(b"changed\n")
    git(repo, "commit", "-qam", "two")
    assert CommitTree(repo, first)["src/a.py"] == b"a\r\n"
    assert CommitTree(repo, "HEAD")["src/a.py"] == DirectoryTree(repo)["src/a.py"] == b"changed\n"


def test_mistakes_say_what_to_give(repo: Path) -> None:
    for path in (repo / "none", repo / "src/a.py"):
        with pytest.raises(InputError, match="give the folder"):
            DirectoryTree(path)
    for sha in ("nope", "--all", ""):
        with pytest.raises(InputError, match="no commit"):
            CommitTree(repo, sha)
