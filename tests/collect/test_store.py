"""What the database keeps, and what it says of a file that is none."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import InputError, RunError
from pipeline.store import Store
from pipeline.types import ChangedFile, Issue, LeftOut, Link, Pull

PULL = Pull(
    repo="o/n",
    number=7,
    title="Title",
    body="",
    author="ada",
    merged_at="2025-06-01T00:00:00Z",
    created_at=None,
    kind="merge",
    merge_sha="a" * 40,
    base_sha="b" * 40,
    head_sha=None,
    verified=False,
    commit_text="Title\n\nbody \0 ü",
    files=(ChangedFile("a.py", "source", 3, 1, "old.py"),),
    links=(Link(2, True, "pull_body"), Link(3, False, "changelog")),
    labels=("x",),
    reverted_by="c" * 40,
)
ISSUE = Issue("o/n", 2, "Issue", "Body", "eve", "2025-01-01T00:00:00Z", ("bug",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "so.db"


def test_what_goes_in_comes_out(path: Path) -> None:
    with Store.open(path) as store:
        store.save_pulls([PULL])
        store.save_issues([ISSUE])
        store.save_repo("o/n", path.parent)
        store.save_left_out("o/n", [LeftOut("collect", "pull", "9", "bot", "x")])
    with Store.open(path, must_exist=True) as store:
        assert list(store.pulls()) == list(store.pulls("o/n")) == [PULL]
        assert store.issues("o/n") == {2: ISSUE}
        assert store.repos() == {"o/n": path.parent}
        assert list(store.left_out("o/n")) == [LeftOut("collect", "pull", "9", "bot", "x")]
        assert list(store.pulls("other/repo")) == []
        assert store.issues("other/repo") == {}


def test_saving_again_replaces(path: Path) -> None:
    with Store.open(path) as store:
        store.save_pulls([PULL, PULL])
        newer = dataclasses.replace(PULL, title="Newer", links=(Link(4, True, "forge"),))
        store.save_pulls([newer])
        assert list(store.pulls()) == [newer]


def test_newest_merged_first(path: Path) -> None:
    pulls = [dataclasses.replace(PULL, number=n, merged_at=f"2025-06-0{n}T00:00:00Z") for n in (2, 3, 1)]
    with Store.open(path) as store:
        store.save_pulls(pulls)
        assert [p.number for p in store.pulls()] == [3, 2, 1]


def test_a_bare_number_never_replaces_a_known_issue(path: Path) -> None:
    bare = Issue("o/n", 2, "", "", "", None)
    with Store.open(path) as store:
        store.save_issues([bare])
        store.save_issues([ISSUE])
        store.save_issues([bare])
        assert store.issues("o/n") == {2: ISSUE}


def test_what_is_kept_is_not_left_out(path: Path) -> None:
    with Store.open(path) as store:
        store.save_left_out("o/n", [LeftOut("collect", "pull", "7", "bot"), LeftOut("collect", "pull", "8", "bot")])
        store.save_pulls([PULL])
        assert [row.id for row in store.left_out()] == ["8"]
        store.forget_pulls("o/n", [7, 99])
        assert list(store.pulls()) == []


def test_all_or_nothing(path: Path) -> None:
    with Store.open(path) as store:
        with pytest.raises(ZeroDivisionError), store.atomic():
            store.save_pulls([PULL])
            raise ZeroDivisionError
        assert list(store.pulls()) == []


def test_a_killed_writer_leaves_the_old_state(path: Path) -> None:
    with Store.open(path) as store:
        store.save_pulls([PULL])
    script = f"""
        import dataclasses, os, signal
        from pathlib import Path
        from pipeline.store import Store
        from tests.collect.test_store import PULL
        store = Store.open(Path({str(path)!r}))
        with store.atomic():
            store.save_pulls([dataclasses.replace(PULL, number=n) for n in range(1000, 4000)])
            os.kill(os.getpid(), signal.SIGKILL)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, cwd=Path(__file__).parents[2])
    assert ran.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        assert list(store.pulls()) == [PULL]
        store.save_pulls([dataclasses.replace(PULL, number=8)])


def test_wrong_types_are_refused_by_the_tables(path: Path) -> None:
    with Store.open(path) as store, pytest.raises(RunError, match="cannot be written"):
        store.save_pulls([dataclasses.replace(PULL, number="seven")])  # type: ignore[arg-type]


def test_opening_twice_at_once(path: Path) -> None:
    with Store.open(path) as one, Store.open(path) as other:
        one.save_pulls([PULL])
        assert list(other.pulls()) == [PULL]


def test_many_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    """The receiver, the worker and a verb may meet at a file that is new, or that an older version has written."""
    start = threading.Barrier(6)

    def opened(path: Path) -> int:
        start.wait()
        with Store.open(path) as store:
            return len(store.db.table_names())

    with ThreadPoolExecutor(start.parties) as pool:
        for n in range(10):
            path = tmp_path / f"{n}.db"
            assert len(set(pool.map(opened, [path] * start.parties))) == 1
            with sqlite3.connect(path) as db:
                assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            db.close()


def test_files_that_are_no_database(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database, however long it goes on " * 40)
    with pytest.raises(InputError, match=r"text: not a usable SQLite database"):
        Store.open(tmp_path / "text")
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        Store.open(tmp_path)
    with pytest.raises(InputError, match=r"create .*missing first"):
        Store.open(tmp_path / "missing" / "so.db")
    with pytest.raises(InputError, match="switchover collect CLONE"):
        Store.open(tmp_path / "none.db", must_exist=True)
    assert not (tmp_path / "none.db").exists()


def test_another_programs_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE pulls (x)")
    db.close()
    with pytest.raises(InputError, match=r"so.db: .*pulls.*already exists"):
        Store.open(path)


def test_a_newer_schema(path: Path) -> None:
    Store.open(path).close()
    with sqlite3.connect(path) as db:
        values = "('switchover', 'from_tomorrow', '2030-01-01')"
        db.execute(f"INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES {values}")
    db.close()
    with pytest.raises(InputError, match=r"newer version \(step 'from_tomorrow'\)"):
        Store.open(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file(path: Path) -> None:
    Store.open(path).close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with pytest.raises(InputError, match="opened for writing"):
            Store.open(path)
    finally:
        path.parent.chmod(0o755)


def test_a_clone_beside_the_database_moves_with_it(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "so.db.mirrors" / "7.git").mkdir(parents=True)
    with Store.open(here / "so.db") as store:
        store.save_repo("o/beside", here / "so.db.mirrors" / "7.git")
        store.save_repo("o/elsewhere", tmp_path / "elsewhere")
    here.rename(there)
    with Store.open(there / "so.db") as store:
        assert store.repos() == {
            "o/beside": there / "so.db.mirrors" / "7.git",
            "o/elsewhere": tmp_path / "elsewhere",
        }
