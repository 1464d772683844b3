"""Random trees, edits of them, and the diffs that git makes of both."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from hypothesis import strategies as st

LINES = (
    b"alpha", b"beta", b"    return x", b"}", b"", b"  ", b"-- a/x", b"++ b/x", b"@ @ -1 +1 @@", b"@@ -1,2 +1,2 @@",
    b"iff --git a/x b/x", b"diff --git a/x b/x", b"++i;", b"- item", b"\\ No newline at end of file", b"caf\xc3\xa9",
    b"\xff\xfe", b"a\x0cb", b"-- ", b"x\r", b"gamma ",
)  # fmt: skip
"""Content that looks like parts of a diff, and content that is cut or trimmed by careless code."""

contents = st.builds(
    lambda lines, ended: b"\n".join(lines) + (b"\n" if ended and lines else b""),
    st.lists(st.sampled_from(LINES), max_size=12),
    st.booleans(),
)
paths = st.sampled_from(
    ["a.py", "src/b.py", "src/with blank.go", "ünï.rs", 'q"uote.c', "tab\tname.js", "CHANGES.md", "tests/test_a.py"]
)
trees = st.dictionaries(paths, contents, max_size=4)


def git_diff(before: Mapping[str, bytes], after: Mapping[str, bytes], repo: Path, *options: str) -> bytes:
    """What ``git diff`` says about two trees; ``repo`` is an empty folder, or one used here before."""
    if not (repo / ".git").exists():
        _git(repo, "init", "-q", "--template=")
    trees = [_tree(repo, tree) for tree in (before, after)]
    return _git(repo, "diff", *options, *trees)


def _tree(repo: Path, tree: Mapping[str, bytes]) -> str:
    shutil.rmtree(repo / "tree", ignore_errors=True)
    for path, content in tree.items():
        file = repo / "tree" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (repo / "tree").mkdir(exist_ok=True)
    _git(repo, "--work-tree", "tree", "add", "--all")
    return _git(repo, "write-tree").decode().strip()


def _git(repo: Path, *args: str) -> bytes:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(repo), "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *args], cwd=repo, capture_output=True, check=True, env=environment).stdout


def applied(before: Mapping[str, bytes], changed: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """``before`` with ``changed`` put in; None takes a file away."""
    return {path: content for path, content in {**before, **changed}.items() if content is not None}


def one_file(path: str, *lines: str, start: int = 1) -> bytes:
    """A diff of ``path`` with one hunk of ``lines`` (sign included)."""
    old = sum(line[:1] in " -" for line in lines)
    new = sum(line[:1] in " +" for line in lines)
    body = "".join(line + "\n" for line in lines)
    head = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -{start},{old} +{start},{new} @@\n"
    return (head + body).encode()
