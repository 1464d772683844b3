"""``switchover retrain`` but for its training (tests/actions runs that): what it says, refuses, and holds back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.adapters import open_registry
from pipeline.config import Config
from pipeline.gates.record import read_record
from pipeline.steps.lock import alone
from pipeline.steps.retrain import Retrained, with_registry
from pipeline.steps.shelf import Shelf
from tests.adapters.made import REPO, gated
from tests.history import Builder, run
from tests.train.tiny import row, samples_file


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    builder = Builder(tmp_path / "clone")
    builder.commit({"a.py": "A = 1\n"}, "Begin")
    run(builder.path, "remote", "add", "origin", f"https://github.com/{REPO}.git")
    return builder.path


def came_of(folder: Path, registry: Path, **changes: object) -> Retrained:
    """As after the gates of an adapter."""
    shelf = Shelf(with_registry(Config(), str(registry)), REPO, folder)
    made = gated(folder / "adapter", **changes)  # type: ignore[arg-type]
    record = read_record(made)
    assert record is not None
    shelf.settle(made, record)
    entry = shelf.registry.find(record.adapter)
    return Retrained(entry, record, shelf.registry.promoted(REPO), REPO, str(registry), made)


def test_what_has_passed_is_promoted_and_what_has_not_says_why(tmp_path: Path) -> None:
    none = came_of(tmp_path / "0", tmp_path / "registry", failing="general_skill", weights=b"0")
    assert (none.state, none.current) == ("none", None)
    first = came_of(tmp_path / "1", tmp_path / "registry")
    assert (first.state, first.why) == ("promoted", None)
    second = came_of(tmp_path / "2", tmp_path / "registry", failing="valid_calls", weights=b"b")
    assert second.state == "kept" and second.current and second.current.id == first.entry.id
    assert "valid_calls failed" in (second.why or "") and f"{first.entry.id[:12]} stays" in second.sentence()
    assert json.loads(json.dumps(second.as_json()))["gates"]["missing"] == []


def test_one_that_somebody_put_aside_is_told(tmp_path: Path) -> None:
    came_of(tmp_path / "1", tmp_path / "registry")
    second = came_of(tmp_path / "2", tmp_path / "registry", weights=b"b")
    registry = open_registry(tmp_path / "registry")
    registry.rollback(REPO)
    late = Retrained(second.entry, second.gates, registry.promoted(REPO), REPO, "r", tmp_path)
    assert late.state == "kept" and late.why == "somebody has promoted another one since"


def says(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> str:
    assert cli.run(["retrain", *words]) == status
    (line,) = capsys.readouterr().err.splitlines()
    return str(line)


def test_mistakes_are_one_line(tmp_path: Path, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = samples_file(tmp_path / "none.jsonl")
    there = ["--repo", str(clone), "--out", str(tmp_path / "out")]
    assert "no registry" in says(capsys, 2, "--samples", str(empty), *there)
    registry = ["--registry", str(tmp_path / "registry")]
    assert "holds no sample" in says(capsys, 1, "--samples", str(empty), *there, *registry)
    assert "no such file" in says(capsys, 2, "--samples", str(tmp_path / "x"), *there, *registry)
    assert "no recipe" in says(capsys, 2, "--samples", str(empty), *there, *registry, "--recipe", "quick")
    bare = ["--repo", str(tmp_path), "--out", str(tmp_path / "out")]
    assert "not a git repository" in says(capsys, 2, "--samples", str(empty), *bare, *registry)


def test_never_two_at_once(tmp_path: Path, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = samples_file(tmp_path / "s.jsonl", row("a"), row("b"))
    registry = tmp_path / "registry"
    lock = Shelf(with_registry(Config(), str(registry)), REPO, tmp_path).lock
    words = ["--samples", str(samples), "--repo", str(clone), "--out", str(tmp_path / "out"), "--registry"]
    with alone(lock, REPO, Path("elsewhere")):
        assert "is being retrained already, by process" in says(capsys, 2, *words, str(registry))
    assert not (tmp_path / "out" / "adapter").exists()


def test_a_plan_trains_nothing(tmp_path: Path, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = samples_file(tmp_path / "s.jsonl", row("a"))
    words = ["--samples", str(samples), "--repo", str(clone), "--out", str(tmp_path / "out"), "--base", "Qwen/Qwen3-8B"]
    assert cli.run(["retrain", *words, "--recipe", "lora-8b-24gb", "--plan"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["base"], plan["recipe"], plan["samples"]) == ("Qwen/Qwen3-8B", "lora-8b-24gb", 1)
    assert not (tmp_path / "out").exists()
