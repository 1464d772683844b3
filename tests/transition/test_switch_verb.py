"""``switchover switch``: the route by hand, in the config and in the database."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run
from pipeline.store import Store

Output = pytest.CaptureFixture[str]
CONFIG = b"# ours\nserve:\n  route: frontier   # who serves\r\ndecide: {margin: 0.1}\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    path = tmp_path / "n"
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    subprocess.run(["git", "-C", str(path), "remote", "add", "origin", "https://github.com/o/n.git"], check=True)
    (path / ".github").mkdir()
    (path / ".github" / "switchover.yml").write_bytes(CONFIG)
    return path


@pytest.fixture
def db(tmp_path: Path) -> Path:
    Store.open(tmp_path / "so.db").close()
    return tmp_path / "so.db"


def switch(capsys: Output, *arguments: object) -> dict[str, Any]:
    assert run(["switch", *map(str, arguments), "--json"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def test_the_config_changes_by_that_word_alone(clone: Path, capsys: Output) -> None:
    done = switch(capsys, "canary=0.1", "--repo", clone)
    assert (clone / ".github" / "switchover.yml").read_bytes() == CONFIG.replace(b"frontier ", b"canary=0.1 ", 1)
    assert (done["before"], done["route"], done["changed"]) == ("frontier", "canary=0.1", True)
    assert (done["recorded"], done["repo"]) == (False, None)


def test_again_is_no_change(clone: Path, db: Path, capsys: Output) -> None:
    config = clone / ".github" / "switchover.yml"
    switch(capsys, "own", "--repo", clone, "--db", db)
    before = config.stat().st_mtime_ns, config.read_bytes()
    done = switch(capsys, "own", "--repo", clone, "--db", db)
    assert (done["changed"], done["recorded"]) == (False, False)
    assert (config.stat().st_mtime_ns, config.read_bytes()) == before


def test_the_database_remembers_who_and_when(clone: Path, db: Path, capsys: Output) -> None:
    with Store.open(db) as store:
        store.add_verdict("o/n", {"at": "2026-01-01T00:00:00Z", "state": "ready", "evaluations_sha256": "ab"})
    assert switch(capsys, "own", "--repo", clone, "--db", db)["recorded"]
    switch(capsys, "frontier", "--repo", clone, "--db", db)
    with Store.open(db) as store:
        first, second = store.routes("o/n")
        assert store.route("o/n") == second
    assert [row.route for row in (first, second)] == ["own", "frontier"]
    assert first.how == "command" and first.by and first.verdict_seq == 1 and first.at <= second.at


def test_a_config_that_has_it_already_is_recorded_all_the_same(clone: Path, db: Path, capsys: Output) -> None:
    switch(capsys, "own", "--repo", clone)
    done = switch(capsys, "own", "--repo", clone, "--db", db)
    assert (done["changed"], done["recorded"], done["repo"]) == (False, True, "o/n")


def test_it_says_what_it_did(clone: Path, db: Path, capsys: Output) -> None:
    assert run(["switch", "own", "--repo", str(clone)]) == 0
    out = capsys.readouterr().out
    assert "switchover.yml: serve.route was frontier, is now own\nnot recorded: give --db FILE" in out
    assert run(["switch", "own", "--repo", str(clone), "--db", str(db)]) == 0
    assert f"serve.route is own already; nothing changed\nrecorded in {db}" in capsys.readouterr().out


def test_permissions_and_a_link_stay(clone: Path, tmp_path: Path, capsys: Output) -> None:
    config, elsewhere = clone / ".github" / "switchover.yml", tmp_path / "shared.yml"
    config.rename(elsewhere)
    elsewhere.chmod(0o640)
    config.symlink_to(elsewhere)
    switch(capsys, "own", "--repo", clone)
    assert config.is_symlink() and stat.S_IMODE(elsewhere.stat().st_mode) == 0o640
    assert b"route: own" in elsewhere.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n", "shared.yml"]


def test_a_purged_repository_changes_nothing(clone: Path, db: Path, capsys: Output) -> None:
    with Store.open(db) as store:
        store.remember_forgotten_repository("o/n", None)
    assert run(["switch", "own", "--repo", str(clone), "--db", str(db)]) == 2
    assert "o/n: was purged" in capsys.readouterr().err
    assert (clone / ".github" / "switchover.yml").read_bytes() == CONFIG
