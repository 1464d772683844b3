"""``switchover patch`` as a shell sees it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.extract.conftest import Case, git


def switchover(*words: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pipeline.cli", "patch", *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False, cwd=Path(__file__).parents[2])


def flags(case: Case) -> tuple[object, ...]:
    return ("--checkout", case.checkout, "--git-dir", case.trusted / ".git", "--base", case.base)


def test_the_patch_is_all_of_stdout(case: Case, tmp_path: Path) -> None:
    (case.checkout / "crlf.txt").write_bytes(b"one\r\n\xff\xfe\n")
    os.mkfifo(case.checkout / "fifo")
    (case.checkout / ".github").mkdir()
    (case.checkout / ".github" / "x.yml").write_text("on: push\n")
    ran = switchover(*flags(case))
    assert ran.returncode == 0
    clean = case.applied(ran.stdout, tmp_path / "clean")
    assert (clean / "crlf.txt").read_bytes() == b"one\r\n\xff\xfe\n"
    said = ran.stderr.decode().splitlines()
    assert said[0].startswith("left out: fifo: special_file: ")
    assert said[1].startswith("look at: .github/x.yml: held_ci: ")


def test_nothing_changed_is_nothing_printed(case: Case) -> None:
    ran = switchover(*flags(case))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def test_json(case: Case) -> None:
    (case.checkout / "a.py").unlink()
    (case.checkout / "x.log").touch()
    row = json.loads(switchover(*flags(case), "--json").stdout)
    assert row["patch"].startswith("diff --git a/a.py b/a.py\ndeleted file")
    assert [left["reason"] for left in row["left_out"]] == ["ignored"]
    assert row["held"] == []


def test_wrong_input_is_2_and_one_line(case: Case) -> None:
    for words in (
        ("--checkout", "/no/such", "--git-dir", case.trusted / ".git", "--base", case.base),
        ("--checkout", case.checkout, "--git-dir", case.checkout / ".git", "--base", case.base),
        ("--checkout", case.checkout, "--git-dir", case.trusted / ".git", "--base", "f" * 40),
        ("--checkout", case.checkout, "--git-dir", case.trusted / ".git"),
    ):
        ran = switchover(*words)
        assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (2, b"", 1)


def test_nothing_planted_is_executed(case: Case) -> None:
    git(case.checkout, "config", "core.fsmonitor", case.plant())
    (case.checkout / ".gitattributes").write_text("* filter=x\n")
    git(case.checkout, "config", "filter.x.clean", case.plant())
    assert switchover(*flags(case)).returncode == 0
    assert not case.marker.exists()
