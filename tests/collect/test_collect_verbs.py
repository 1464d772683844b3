"""``switchover collect`` and ``switchover tasks``, from the command line to its exit status."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run as switchover
from pipeline.types import Task
from tests.history import Answers, every_case


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return every_case(tmp_path_factory.mktemp("story") / "lib")


@pytest.fixture(scope="module")
def db(story: Answers, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("db") / "so.db")
    assert switchover(["collect", str(story.repo), "--db", path]) == 0
    return path


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_collect_prints_one_object(story: Answers, db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert switchover(["collect", str(story.repo), "--db", db, "--json"]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert set(found) == {"pulls", "issues", "left_out"}
    assert found["pulls"] == len(story.pulls)
    assert sum(found["left_out"].values()) == len(story.left_out)


def test_collect_prints_a_table_for_people(story: Answers, db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert switchover(["collect", str(story.repo), "--db", db]) == 0
    out = capsys.readouterr().out
    assert out.startswith("local/lib\n")
    assert f"{len(story.pulls):8d}  merged pull requests\n" in out
    assert "left out: issue_number" in out


def test_tasks_prints_jsonl(story: Answers, db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert switchover(["tasks", "--db", db]) == 0
    kept = lines(capsys.readouterr().out)
    assert {row["number"] for row in kept} == {n for n, reason in story.reasons.items() if reason is None}
    assert set(kept[0]) == {field.name for field in fields(Task)}
    assert switchover(["tasks", "--db", db, "--all"]) == 0
    everything = lines(capsys.readouterr().out)
    assert {row["number"]: row["left_out"] for row in everything} == story.reasons
    assert kept == [row for row in everything if row["left_out"] is None]


def test_tasks_of_nothing_say_why(story: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yml"
    config.write_text("collect: {skip_paths: ['**']}\n")
    db = str(tmp_path / "so.db")
    assert switchover(["collect", str(story.repo), "--db", db, "--config", str(config), "--json"]) == 0
    captured = capsys.readouterr()
    assert lines(captured.out)[0]["pulls"] == 1  # the empty one changes no path at all
    assert switchover(["tasks", "--db", db]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "none of 1 pull requests makes a task (1 empty); --all lists them" in captured.err


def test_the_config_of_the_clone_is_the_default(
    story: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = story.repo / ".github" / "switchover.yml"
    config.write_text("collect: {skip_authors: ['Ada']}\n")
    db = str(tmp_path / "so.db")
    try:
        assert switchover(["collect", str(story.repo), "--db", db, "--json"]) == 0
    finally:
        config.unlink()
    assert lines(capsys.readouterr().out)[0]["left_out"]["skipped_author"] > 20


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["collect", "owner/name", "--db", "so.db"], "owner/name: no such folder.*set GITHUB_TOKEN"),
        (["collect", ".", "--db", "so.db"], "not a git repository"),
        (["collect", ".", "--db", "so.db", "--limit", "0"], "--limit"),
        (["collect", "."], "--db"),
        (["tasks", "--db", "none.db"], "none.db: no such database"),
        (["tasks", "--db", "."], "is a folder"),
        (["tasks"], "--db"),
    ],
)
def test_mistakes_exit_2_with_one_line(
    arguments: list[str], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert switchover(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert re.search(what, captured.err)
    assert list(tmp_path.iterdir()) == []  # a mistake leaves no empty database behind


def test_a_wrong_since(story: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert switchover(["collect", str(story.repo), "--db", str(tmp_path / "x"), "--since", "soon"]) == 2
    assert "--since: 'soon' is not a date" in capsys.readouterr().err
