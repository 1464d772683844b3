"""``switchover functions`` as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FIELDS = ["path", "name", "kind", "language", "start_line", "end_line"]


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.cli", "functions", *map(str, args)]
    return subprocess.run(command, capture_output=True, check=False, text=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/ünï cödé.py").write_text("class A:\n    def m(self):\n        pass\n")
    (tmp_path / "b.go").write_text("package b\n\nfunc F() {\n}\n\nfunc G() { ( }\n")
    return tmp_path


def test_it_prints_the_fields_of_the_contract(tree: Path) -> None:
    ran = run(tree)
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0
    assert all(list(row) == FIELDS for row in rows)
    assert [tuple(row.values()) for row in rows] == [
        ("b.go", "F", "function", "go", 3, 4),
        ("pkg/ünï cödé.py", "A.m", "method", "python", 2, 3),
    ]
    assert ran.stderr == "left out: 1 syntax_error\n"


def test_languages_may_be_given_again(tree: Path) -> None:
    assert len(run(tree, "--language", "python", "--language", "go", "--json").stdout.splitlines()) == 2
    assert len(run(tree, "--language", "python").stdout.splitlines()) == 1


def test_one_file(tree: Path) -> None:
    assert json.loads(run(tree / "b.go").stdout)["path"] == "b.go"


def test_an_empty_tree_has_no_functions(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "no function in python, javascript" in ran.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--language", "cobol"), "cobol"),
        (("--kind", "cobol"), "cobol"),
        (("none",), "none: does not exist"),
        ((), "PATH"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(tree: Path, args: tuple[str, ...], says: str) -> None:
    ran = run(*([tree, *args] if args and args[0].startswith("-") else args))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert says in ran.stderr and ran.stderr.count("\n") == 1


def test_other_kinds_are_listed_when_asked_for(tree: Path) -> None:
    (tree / "README.md").write_text("# A `b`\n\n## C\n")
    assert len(run(tree).stdout.splitlines()) == 2
    rows = [json.loads(line) for line in run(tree, "--kind", "section").stdout.splitlines()]
    assert [tuple(row.values()) for row in rows] == [
        ("README.md", "A b", "section", "markdown", 1, 1),
        ("README.md", "A b > C", "section", "markdown", 3, 3),
    ]
    assert run(tree, "--language", "markdown").stdout == run(tree, "--kind", "section").stdout
    assert len(run(tree, "--kind", "section", "--kind", "function").stdout.splitlines()) == 4


def test_a_tree_without_functions_is_told_what_else_it_has(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# A\n\n" + "word " * 30)
    assert "; --kind section lists 1 or more\n" in run(tmp_path).stderr
