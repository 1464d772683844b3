"""``init``: writes once, overwrites only when told, and writes what the config reader accepts."""

import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline import cli, config


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path / "r")], check=True)
    return tmp_path / "r"


def files(repo: Path) -> dict[str, bytes]:
    github = repo / ".github"
    return {str(p.relative_to(repo)): p.read_bytes() for p in sorted(github.rglob("*")) if p.is_file()}


def test_writes_config_and_workflows(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", str(repo)]) == 0
    assert {".github/switchover.yml", ".github/workflows/switchover-cycle.yml"} <= set(files(repo))
    assert "doctor" in capsys.readouterr().out


def test_what_it_writes_is_the_default_config(repo: Path) -> None:
    cli.run(["init", str(repo)])
    assert config.load(None, repo) == config.Config()


def test_twice_changes_nothing(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["init", str(repo)])
    before = files(repo)
    assert cli.run(["init", str(repo)]) == 0
    assert files(repo) == before
    assert "unchanged" in capsys.readouterr().out


def test_never_overwrites_without_force(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / ".github").mkdir()
    (repo / config.DEFAULT_PATH).write_text("train: {rank: 3}\n")
    assert cli.run(["init", str(repo)]) == 2
    assert files(repo) == {str(config.DEFAULT_PATH): b"train: {rank: 3}\n"}
    assert "--force" in capsys.readouterr().err
    assert cli.run(["init", str(repo), "--force"]) == 0
    assert config.load(None, repo) == config.Config()


def test_needs_a_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", str(tmp_path)]) == 2
    assert "not the top folder of a git work tree" in capsys.readouterr().err


def test_no_checkout_keeps_credentials(repo: Path) -> None:
    """What else holds for every workflow is in tests/actions."""
    cli.run(["init", str(repo)])
    steps = [
        step
        for name, text in files(repo).items()
        if "/workflows/" in name
        for job in yaml.safe_load(text)["jobs"].values()
        for step in job.get("steps", [])
    ]
    checkouts = [step for step in steps if "checkout" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
