"""A folder full of mistakes, and a way to try the command line in it."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import cli, demo

Refused = Callable[..., str]

ROW = {
    "at": "2026-01-01T00:00:00Z", "repo": "o/n", "number": 1, "task_id": "o/n#1", "role": "own", "model": "m",
    "adapter": None, "attempt": 0, "score": 0.5, "measure": "recall", "exit": "submitted", "tokens_in": 1,
    "tokens_out": 1, "tokens_cached": 0, "seconds": 1.0, "cost_usd": None, "cheat_marks": [],
}  # fmt: skip
SAMPLE = {"id": "s", "messages": [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}
DIFF = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2\n"


def git(where: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=where, check=True,
                   capture_output=True)  # fmt: skip


@pytest.fixture(scope="session")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repositories, databases and files, named after what is wrong with them; ``demo``, ``ok.*`` are right."""
    top = tmp_path_factory.mktemp("mistakes")
    built = demo.build(top / "demo")
    (top / "folder").mkdir()
    (top / "file").write_text("hello\n")
    git(top, "init", "empty")
    git(top, "init", "nocode")
    (top / "nocode" / "a.txt").write_text("hi\n")
    git(top / "nocode", "add", ".")
    git(top / "nocode", "commit", "-m", "one")
    git(top, "clone", "--depth", "1", built.repo.as_uri(), "shallow")
    assert cli.run(["collect", str(built.repo), "--db", str(top / "ok.db")]) == 0
    assert cli.run(["collect", str(top / "nocode"), "--db", str(top / "nopulls.db")]) == 0
    _newer(top)
    _diffs(top)
    return top


def _newer(top: Path) -> None:
    (top / "newer.db").write_bytes((top / "ok.db").read_bytes())
    db = sqlite3.connect(top / "newer.db")
    db.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('switchover', 'later', '')")
    db.commit()
    db.close()


def _diffs(top: Path) -> None:
    (top / "ok.diff").write_text(DIFF)
    (top / "other.diff").write_text(DIFF.replace("a.py", "elsewhere.py"))
    (top / "cut.diff").write_text(DIFF.replace("-1,2 +1,2", "-1,9 +1,9"))
    (top / "garbage.diff").write_bytes(os.urandom(4096))
    (top / "ok.jsonl").write_text(json.dumps(ROW) + "\n")
    (top / "route.yml").write_text("serve: {route: frontier}\n")
    (top / "anchor.yml").write_text("generate: {teacher: {model: &m frontier}}\nserve: {route: *m}\n")
    (top / "samples.jsonl").write_text(json.dumps(SAMPLE) + "\n")


@pytest.fixture
def refused(
    mistakes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Refused]:
    """Runs a command line that must be refused, and gives its one line; OUT in it is a path of this test alone."""
    monkeypatch.chdir(mistakes)
    handlers = logging.root.handlers[:]

    def run(line: str, status: int = 2) -> str:
        before = sorted(os.listdir(mistakes))  # noqa: PTH208
        words = [word.replace("OUT", str(tmp_path / "out")) for word in line.split(" ")]
        assert cli.run(words) == status, line
        out, err = capfd.readouterr()
        assert out == "", f"{line}: results of a refused command: {out}"
        lines = err.splitlines()
        assert [said.startswith("switchover: ") for said in lines] == [False] * (len(lines) - 1) + [True], err
        assert "Traceback" not in err
        assert sorted(os.listdir(mistakes)) == before, f"{line}: left something behind"  # noqa: PTH208
        return lines[-1]

    yield run
    logging.root.handlers[:] = handlers
