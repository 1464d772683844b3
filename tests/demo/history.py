"""The demo's history as its own checks see it: read from the payloads and from git, not from the builder.

``python -m tests.demo.history`` runs the tests at every merge, and shows for every change of source
and tests that its tests fail without its source (about half a minute).
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import demo
from pipeline.git import git

WITHOUT_FAILING_TEST = {"unit-lookup"}
"""A refactoring: its tests also pass before it."""


@dataclass(frozen=True)
class Merged:
    """A merged pull request, from its payload."""

    number: int
    branch: str
    base: str
    merge: str
    payload: dict[str, Any]


def rows(built: demo.Demo) -> list[dict[str, Any]]:
    return [json.loads(line) for line in built.payloads.read_text(encoding="utf-8").splitlines()]


def merged(built: demo.Demo) -> list[Merged]:
    """In order of merging."""
    pulls = sorted((row for row in rows(built) if "merged_at" in row), key=lambda row: row["merged_at"])
    return [
        Merged(row["number"], row["head"]["ref"], row["base"]["sha"], row["merge_commit_sha"], row) for row in pulls
    ]


def changed_lines(built: demo.Demo, pull: Merged) -> dict[str, int]:
    """Lines added and removed, by path."""
    text = git(built.repo, "diff", "--numstat", pull.base, pull.merge).decode()
    fields = (line.split("\t") for line in text.splitlines())
    return {path: int(added) + int(removed) for added, removed, path in fields}


def source_lines(built: demo.Demo, pull: Merged) -> int:
    return sum(count for path, count in changed_lines(built, pull).items() if path.startswith("reckon/"))


def unpack(built: demo.Demo, sha: str, folder: Path) -> Path:
    data = git(built.repo, "archive", sha)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def run_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-B", "-m", "unittest", "-q"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


def healthy(built: demo.Demo, sha: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return run_tests(unpack(built, sha, Path(folder))).returncode == 0


def tests_fail_before(built: demo.Demo, pull: Merged) -> bool:
    """Whether the tests as merged fail on the source as it was."""
    with tempfile.TemporaryDirectory() as scratch:
        before = unpack(built, pull.base, Path(scratch, "before"))
        after = unpack(built, pull.merge, Path(scratch, "after"))
        shutil.rmtree(before / "tests")
        shutil.copytree(after / "tests", before / "tests")
        return run_tests(before).returncode != 0


def main() -> int:
    """0 when every merge is as it claims to be."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        built = demo.build(Path(folder))
        for pull in merged(built):
            paths = changed_lines(built, pull)
            sound = healthy(built, pull.merge)
            if source_lines(built, pull) and any(path.startswith("tests/") for path in paths):
                sound &= tests_fail_before(built, pull) is (pull.branch not in WITHOUT_FAILING_TEST)
            print(f"#{pull.number} {pull.branch}: {'ok' if sound else 'WRONG'}")
            wrong += not sound
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
