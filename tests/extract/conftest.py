"""A real repository, and a checkout of it that a test may wreck like an agent."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.rollout.extract import Extracted, extract

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}

FILES = {
    "README.md": b"# Words\n",
    "a.py": b"def a():\n    return 1\n",
    "crlf.txt": b"one\r\ntwo\r\n",
    "pkg/b.py": b"B = 2\n",
    "pkg/deep/c.py": b"C = 3\n",
    "data.bin": bytes(range(256)),
    ".gitignore": b"*.log\nbuild/\n",
    ".gitattributes": b"*.txt text\n",
    "run.sh": b"#!/bin/sh\n",
}


def git(place: Path, *words: str, **more: object) -> bytes:
    command = ["git", "-C", str(place), *words]
    return subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, **more).stdout  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True)
class Case:
    """A trusted repository at a base commit, and the agent's checkout of it with a ``.git`` of its own."""

    trusted: Path
    base: str
    checkout: Path
    marker: Path
    """Exists as soon as anything planted was executed."""

    def extract(self) -> Extracted:
        taken = extract(self.checkout, self.trusted / ".git", self.base)
        assert not self.marker.exists(), "something of the agent's was executed"
        return taken

    def plant(self, name: str = "evil") -> str:
        """A command that leaves the marker when it is run."""
        script = self.marker.with_name(name)
        script.write_text(f"#!/bin/sh\ntouch {self.marker}\ncat\n")
        script.chmod(0o755)
        return str(script)

    def applied(self, patch: bytes, to: Path) -> Path:
        """A fresh clone at the base with ``patch`` applied, as whoever publishes it would do."""
        git(self.trusted, "-c", "core.autocrlf=false", "worktree", "add", "-q", "--detach", str(to), self.base)
        if patch:
            git(to, "apply", "--index", "--binary", "--whitespace=nowarn", "-", input=patch)
        return to


@pytest.fixture
def case(tmp_path: Path) -> Case:
    trusted, checkout = tmp_path / "trusted", tmp_path / "checkout"
    trusted.mkdir()
    git(trusted, "init", "-q", "-b", "main")
    for name, content in FILES.items():
        (trusted / name).parent.mkdir(parents=True, exist_ok=True)
        (trusted / name).write_bytes(content)
    (trusted / "run.sh").chmod(0o755)
    (trusted / "link").symlink_to("a.py")
    (trusted / ".git" / "info" / "attributes").write_text("* !text\n")
    git(trusted, "add", ".")
    git(trusted, "commit", "-qm", "base")
    git(tmp_path, "clone", "-q", str(trusted), str(checkout))
    base = git(trusted, "rev-parse", "HEAD").decode().strip()
    return Case(trusted, base, checkout, tmp_path / "executed")


Reasons = Callable[[Extracted], dict[str, str]]


def reasons(taken: Extracted) -> dict[str, str]:
    return {row.id: row.reason for row in taken.left_out}


def holds(taken: Extracted) -> set[tuple[str, str]]:
    return {(row.id, row.reason) for row in taken.held}
