"""Folders as a hostile program leaves them: measured, walked and deleted all the same."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.errors import RunError
from pipeline.rollout import hostile


@pytest.fixture
def dungeon(tmp_path: Path) -> Path:
    """300 levels down (beyond PATH_MAX), closed on the way, with odd names and a link to outside."""
    top = tmp_path / "dungeon"
    top.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_bytes(b"x" * 100_000)
    here = os.open(top, os.O_RDONLY)
    closed = []
    for level in range(300):
        name = ("d" * 100) if level % 2 else "new\nline\udcff"
        os.mkdir(name, dir_fd=here)
        os.symlink(tmp_path / "outside", "link", dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        if level % 7 == 0:
            closed.append(os.dup(here))
        os.close(here)
        here = below
    os.write(file := os.open("treasure", os.O_CREAT | os.O_WRONLY, dir_fd=here), b"x" * 1_000_000)
    for descriptor in (file, here):
        os.close(descriptor)
    for descriptor in reversed(closed):
        os.fchmod(descriptor, 0)
        os.close(descriptor)
    return top


def test_everything_is_measured(dungeon: Path) -> None:
    size = hostile.size(dungeon)
    assert size >= 1_000_000 + 300 * 1024
    assert size < 1_000_000 + 600 * 8192


def test_every_folder_is_visited_and_nothing_outside(dungeon: Path) -> None:
    depths = []

    def visit(here: int, names: Sequence[str]) -> list[str]:
        depths.append(len(names))
        return os.listdir(here)

    hostile.walk(dungeon, visit)
    assert depths == list(range(301))


def test_few_descriptors_are_open_at_once(dungeon: Path) -> None:
    most = 0

    def visit(here: int, _: Sequence[str]) -> list[str]:
        nonlocal most
        most = max(most, _open_below(dungeon))
        return os.listdir(here)

    hostile.walk(dungeon, visit)
    assert 1 <= most <= 3
    assert _open_below(dungeon) == 0


def _open_below(folder: Path) -> int:
    """Descriptors of this process; those of other threads come and go meanwhile."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # a name beyond PATH_MAX is below it, too
            count += str(entry.readlink()).startswith(str(folder))
    return count


def test_a_relative_path_means_what_it_does_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out" / "scratch" / "base").mkdir(parents=True)
    hostile.remove(Path("out/scratch"))
    assert list((tmp_path / "out").iterdir()) == []


def test_it_is_deleted_and_nothing_outside(dungeon: Path) -> None:
    hostile.remove(dungeon)
    assert not os.path.lexists(dungeon)
    assert (dungeon.parent / "outside" / "kept").exists()


def test_what_is_gone_is_nothing(tmp_path: Path) -> None:
    hostile.remove(tmp_path / "absent")
    assert hostile.size(tmp_path / "absent") == 0


def test_what_cannot_be_deleted_is_said() -> None:
    with pytest.raises(RunError, match="delete it by hand"):
        hostile.remove(Path("/proc/self"))


def test_empty_files_count(tmp_path: Path) -> None:
    for index in range(50):
        (tmp_path / str(index)).touch()
    assert hostile.size(tmp_path) >= 50 * 1024


def test_a_folder_that_moves_while_it_is_walked_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    seen = []

    def visit(here: int, names: Sequence[str]) -> list[str]:
        seen.append("/".join(names))
        if names == ["a", "b"]:
            (tmp_path / "top" / "a" / "b").rename(tmp_path / "other" / "b")
        return sorted(os.listdir(here))

    with pytest.raises(OSError, match="moved"):
        hostile.walk(tmp_path / "top", visit)
    assert seen == ["", "a", "a/b"]


def test_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="link"):
        hostile.open_folder(tmp_path / "link")
