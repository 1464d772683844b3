"""Files that are there whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"first and long", b"second", b""):
        whole.write(path, content)
        assert path.read_bytes() == content and names(tmp_path) == ["file"]


def test_one_that_holds_the_same_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole.write(path, b"same" * 1_000_000)
    before = path.stat()
    whole.write(path, b"same" * 1_000_000)
    assert os.path.samestat(before, path.stat()) and names(tmp_path) == ["file"]
    whole.write(path, b"same" * 999_999 + b"diff")
    assert path.read_bytes().endswith(b"diff")


def test_a_block_that_raises_leaves_the_old(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="no"), whole.replacing(path) as file:
        file.write(b"half of the n")
        raise ValueError("no")
    assert path.read_bytes() == b"old" and names(tmp_path) == ["file"]


@pytest.mark.parametrize("content", [b"new", b""])
def test_what_a_killed_process_left_is_taken_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    code = (
        "import os, signal, sys; from pathlib import Path; from pipeline import whole\n"
        "with whole.replacing(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half of what was to come'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == -signal.SIGKILL
    assert names(tmp_path) == [f".file{whole.PART}"]
    whole.write(path, content)
    assert path.read_bytes() == content and names(tmp_path) == ["file"]


def test_many_writers_at_once_each_leave_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def put(n: int) -> None:
        whole.write(path, json.dumps([n] * (1 + n % 7 * 500)).encode(), durable=False)
        json.loads(path.read_bytes())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(800)))
    assert names(tmp_path) == ["file"]


def test_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        whole.write(tmp_path / "missing" / "file", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        whole.write(tmp_path / "folder", b"")
    assert names(tmp_path) == ["folder"]


def test_forcing_to_the_disk_takes_any_folder(tmp_path: Path) -> None:
    """No loss of power here: only that nothing in it is opened that would hold us, or be somebody else's."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x")
    (tmp_path / "a" / "nowhere").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "a" / "pipe")
    whole.on_disk(tmp_path / "a")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"
