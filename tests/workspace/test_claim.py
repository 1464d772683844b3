"""Temporary folders: gone with their process, or, after a kill, with the next one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.rollout.claim import claim, temporary

USE = "import os; from pipeline.rollout.claim import temporary; "
KEEP = USE + "t = temporary(); (t.__enter__() / 'work').write_text('x'); "


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and of those that it starts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def python(code: str) -> int:
    return subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_nothing_is_left_by_a_process_that_ends(place: Path) -> None:
    assert python(KEEP) == 0
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_and_the_living_keep_theirs(place: Path) -> None:
    with temporary() as mine:
        assert python(KEEP + "os.kill(os.getpid(), 9)") == -9
        assert len(list(place.iterdir())) == 2
        assert python(USE + "temporary().__enter__()") == 0
        assert list(place.iterdir()) == [mine.parent]
        assert mine.is_dir()
    assert not mine.exists()


def test_threads_share_one_folder_also_after_somebody_has_cleaned_up(place: Path) -> None:
    def used(_: int) -> bool:
        with temporary() as mine:
            return mine.is_dir()

    with ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            for folder in place.iterdir():
                shutil.rmtree(folder)
            assert all(pool.map(used, range(16)))
            assert len(list(place.iterdir())) == 1


def test_it_is_ours_alone(place: Path) -> None:
    with temporary() as mine:
        assert mine.stat().st_mode & 0o077 == mine.parent.stat().st_mode & 0o077 == 0


def test_names_that_others_chose_are_left_alone(place: Path) -> None:
    (place / "switchover-file").write_text("")
    (place / "switchover-folder").mkdir()
    (place / "switchover-link").symlink_to(place)
    (place / "switchover-trap").mkdir()
    (place / "switchover-trap" / "lock").symlink_to(place / "switchover-file")
    before = {path.name for path in place.iterdir()}
    claimed = claim(place, "switchover-")
    assert {path.name for path in place.iterdir()} == before | {claimed.path.name}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_left_alone(place: Path) -> None:
    theirs = claim(place, "switchover-").path  # its lock is given up at once
    os.chown(theirs, 12345, 12345)
    claim(place, "switchover-")
    assert theirs.is_dir()


def test_a_folder_that_was_cleaned_away_is_made_anew(place: Path) -> None:
    with temporary() as first:
        pass
    first.parent.joinpath("lock").unlink()
    first.parent.rmdir()
    with temporary() as second:
        assert second.is_dir()
