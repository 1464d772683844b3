"""git runs with our rules, not with those of the repository or the caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import RunError
from pipeline.git import GitError, environment, git, piped
from tests.history import Builder, code


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    builder = Builder(tmp_path / "lib")
    builder.commit({"ü.py": code("a")}, "Begin")
    builder.commit({"ü.py": code("a", 5)}, "Go on")
    return builder.finish()


def test_output_and_input_are_bytes(repo: Path) -> None:
    assert git(repo, "cat-file", "--batch-check", input=b"HEAD\n").split()[1] == b"commit"
    assert git(repo, "ls-tree", "--name-only", "HEAD") == "ü.py\n".encode()


def test_a_failure_is_one_line_with_the_reason(repo: Path) -> None:
    with pytest.raises(GitError) as caught:
        git(repo, "rev-parse", "--verify", "no-such-thing")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{repo}: git rev-parse --verify failed: fatal: Needed a single revision")
    assert isinstance(caught.value, RunError)


def test_the_callers_environment_stays_outside(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitconfig").write_text("[core]\n\tabbrev = 40\n[alias]\n\tx = !false\n")
    for name, value in {"GIT_DIR": "/nowhere", "GIT_EXTERNAL_DIFF": "false", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SWITCHOVER_OWN_KEY", "secret")
    assert len(git(repo, "rev-parse", "--short", "HEAD").strip()) < 40
    assert {"GIT_DIR", "GIT_EXTERNAL_DIFF", "SWITCHOVER_OWN_KEY"}.isdisjoint(environment())


def test_nothing_is_fetched(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not allowed"):
        git(repo, "fetch", repo.as_uri())


def test_no_git_at_all(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(RunError, match=r"git: no such program on PATH; install"):
        git(repo, "status")


def test_two_commands_in_a_row(repo: Path) -> None:
    shas = git(repo, "rev-list", "HEAD")
    out = piped(repo, ["diff-tree", "-p", "--root", "--stdin"], ["patch-id", "--stable"], shas)
    assert [line.split()[1] for line in out.decode().splitlines()] == shas.decode().split()


@pytest.mark.parametrize(
    ("first", "second"), [(["diff-tree", "no-such-thing"], ["patch-id"]), (["rev-list", "HEAD"], ["no-such-command"])]
)
def test_either_of_two_commands_may_fail(repo: Path, first: list[str], second: list[str]) -> None:
    with pytest.raises(GitError, match="no-such"):
        piped(repo, first, second, b"")
