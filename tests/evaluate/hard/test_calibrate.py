"""Rivals of a merged pull request, graded both ways: a real history with refs/pull heads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pipeline import cli
from pipeline.evaluate.rivals import rivals
from pipeline.store import Store
from tests.evaluate.hard.conftest import BROKEN, MENDED
from tests.history import Builder
from tests.history import run as git

UNIT = """import unittest, calc


class T(unittest.TestCase):
    def test_double(self):
        self.assertEqual(calc.double(4), 8)
"""
RIVALS = {
    11: ("Fix #3: double", {"calc.py": BROKEN.replace("n + n + 1", "2 * n")}),
    12: ("Fixes #3 in another way", {"calc.py": BROKEN.replace("+ 1", "+ 2")}),
    13: ("Say so (#3)", {"README.md": "It doubles.\n"}),
    14: ("Fix #99", {"calc.py": MENDED}),
    15: ("closes #3", {"calc.py": "everything = 1\n"}),
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One merged pull request that closes issue 3; five heads that were never merged."""
    builder = Builder(tmp_path_factory.mktemp("rivals") / "calc")
    builder.commit({"calc.py": BROKEN.replace("half", "halve")}, "start")
    start = builder.commit({"calc.py": BROKEN, "tests/__init__.py": ""}, "go on")
    for number, (message, files) in RIVALS.items():
        builder.branch(f"r{number}", start)
        tip = builder.commit(dict(files), message, branch=f"r{number}")
        git(builder.path, "update-ref", f"refs/pull/{number}/head", tip)
        git(builder.path, "update-ref", "-d", f"refs/heads/r{number}")
    builder.commit(
        {"calc.py": MENDED, "tests/test_calc.py": UNIT}, "Double well (#7)\n\nFixes #3, where a number is doubled."
    )
    return builder.path


@pytest.fixture
def db(clone: Path, tmp_path: Path) -> Path:
    path = tmp_path / "so.db"
    assert cli.run(["collect", str(clone), "--db", str(path)]) == 0
    return path


def test_rivals_name_the_issue_and_were_not_merged(clone: Path, db: Path) -> None:
    with Store.open(db) as store:
        (repo,) = store.repos()
        found = rivals(clone, list(store.pulls(repo)))
    assert {number: [row.number for row in rows] for number, rows in found.items()} == {7: [15, 13, 12, 11]}


def test_each_rival_is_graded_both_ways(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWITCHOVER_CACHE", str(tmp_path / "cache"))
    config = tmp_path / "config.yml"
    config.write_text(
        f'evaluate: {{test_command: "python -m unittest {{files}}", '
        f'setup_command: "{sys.executable} -m venv --without-pip {{environment}}"}}'
    )
    line = ["calibrate", "--db", str(db), "--config", str(config)]
    capsys.readouterr()
    assert cli.run([*line, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    outcomes = {row["rival"]: row["outcome"] for row in found["rows"]}
    assert outcomes == {11: "resolved", 12: "failed", 13: "no_source", 15: "failed"}
    assert (found["tasks"], found["rivals"]) == (1, 4)
    assert (found["soft_and_hard"]["n"], found["soft_and_hard"]["resolved"]) == (3, 1)
    capsys.readouterr()
    assert cli.run([*line, "--limit", "2"]) == 0
    assert capsys.readouterr().out.startswith("2 rivals of 1 merged pull requests of local/calc: 1 failed, 1 no_source")


def test_a_clone_without_heads_says_so(db: Path, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in RIVALS:
        git(clone, "update-ref", "-d", f"refs/pull/{number}/head")
    capsys.readouterr()
    assert cli.run(["calibrate", "--db", str(db)]) == 0
    assert "are refs/pull/*/head in the clone?" in capsys.readouterr().out
