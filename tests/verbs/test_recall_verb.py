"""``switchover recall`` as a user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patch.edits import one_file

FIELDS = [
    "recall", "recall_all_files", "precision", "f1", "gold_lines", "matched_lines", "candidate_lines", "file_recall",
]  # fmt: skip


def run(*args: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pipeline.cli", "recall", *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gold.diff").write_bytes(one_file("a.py", " a", "-b", "+c"))
    (tmp_path / "half.diff").write_bytes(one_file("a.py", " a", "-b"))
    (tmp_path / "base").mkdir()
    (tmp_path / "base/a.py").write_bytes(b"a\nb\n")
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--json",), ("--metric", "sera")])
def test_it_prints_the_fields_of_the_contract(folder: Path, options: tuple[str, ...]) -> None:
    ran = run(folder / "gold.diff", folder / "half.diff", *options)
    result = json.loads(ran.stdout)
    assert (ran.returncode, list(result), ran.stderr) == (0, FIELDS, b"")
    assert (result["recall"], result["precision"], result["gold_lines"], result["candidate_lines"]) == (0.5, 1.0, 2, 1)


def test_either_patch_may_come_from_stdin(folder: Path) -> None:
    gold, half = folder / "gold.diff", folder / "half.diff"
    assert run("-", half, stdin=gold.read_bytes()).stdout == run(gold, "-", stdin=half.read_bytes()).stdout


def test_with_a_base(folder: Path) -> None:
    ran = run(folder / "gold.diff", folder / "gold.diff", "--base", folder / "base")
    assert json.loads(ran.stdout)["recall"] == 1.0


def test_undefined_is_null(folder: Path) -> None:
    assert json.loads(run("-", folder / "gold.diff").stdout)["recall"] is None


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("-", "-"), "cannot both be stdin"),
        (("gold.diff", "none.diff"), "none.diff: cannot be read"),
        (("gold.diff", "base"), "base: cannot be read"),
        (("gold.diff", "gold.diff", "--base", "none"), "none: does not exist"),
        (("base/a.py", "gold.diff"), "gold: patch line 1"),
        (("gold.diff", "gold.diff", "--base", "."), "gold: a.py: not in the base"),
        (("gold.diff", "gold.diff", "--metric", "bleu"), "bleu"),
        (("gold.diff",), "CANDIDATE"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(folder: Path, args: tuple[str, ...], says: str) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "recall", *args]
    ran = subprocess.run(command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert says in ran.stderr.decode() and ran.stderr.count(b"\n") == 1
