"""The same repository everywhere, once, and only where it may be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import demo
from pipeline.demo import changes
from pipeline.errors import InputError, RunError
from pipeline.git import git

HEAD = "977c005315aca343e3ea9c43f86eb303c61e7c23"


def refs(repo: Path) -> bytes:
    return git(repo, "for-each-ref")


def test_head_is_the_known_one(built: demo.Demo) -> None:
    assert git(built.repo, "rev-parse", "HEAD").decode().strip() == HEAD == demo.HEAD


def test_neither_user_nor_place_matters(
    built: demo.Demo, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = "[core]\nautocrlf = true\nabbrev = 4\n[user]\nname = Someone\n[init]\ndefaultBranch = trunk\n"
    (tmp_path / ".gitconfig").write_text(config + "[apply]\nwhitespace = fix\n[commit]\ngpgSign = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    monkeypatch.setenv("TZ", "Pacific/Chatham")
    before = os.umask(0o077)
    try:
        other = demo.build(folder)
    finally:
        os.umask(before)
    assert refs(other.repo) == refs(built.repo)
    assert other.payloads.read_bytes() == built.payloads.read_bytes()


def test_work_tree_is_clean_and_complete(built: demo.Demo) -> None:
    assert git(built.repo, "status", "--porcelain") == b""
    assert (built.repo / "reckon" / "durations.py").is_file()
    assert git(built.repo, "fsck", "--strict", "--no-dangling") == b""


def test_its_name_is_known_without_a_network(built: demo.Demo) -> None:
    assert git(built.repo, "remote", "get-url", "origin").decode().strip() == f"https://github.com/{demo.NAME}.git"


def test_second_build_uses_the_first(copy: demo.Demo, folder: Path) -> None:
    (copy.repo / "note.txt").write_text("mine")
    assert demo.build(folder) == copy
    assert (copy.repo / "note.txt").read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["payloads.jsonl", "reckon"]


def test_another_repository_in_the_way_is_left_alone(folder: Path) -> None:
    (folder / "reckon").mkdir(parents=True)
    (folder / "reckon" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="is not the demo repository; choose another folder"):
        demo.build(folder)
    assert (folder / "reckon" / "mine.txt").exists()


def test_a_file_in_the_way_is_told(folder: Path) -> None:
    folder.write_text("mine")
    with pytest.raises(InputError, match="no folder can be made there"):
        demo.build(folder)


def test_lost_payloads_are_told(copy: demo.Demo, folder: Path) -> None:
    copy.payloads.unlink()
    with pytest.raises(InputError, match=r"payloads\.jsonl: is missing"):
        demo.build(folder)


def test_a_history_that_ends_elsewhere_is_refused_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "read_changes", lambda: changes.read_changes()[:3])
    with pytest.raises(RunError, match=f"instead of {HEAD}; reinstall"):
        demo.build(folder)
    assert list(folder.iterdir()) == []


def test_every_folder_of_the_library_is_used() -> None:
    used = {change.folder for change in changes.read_changes()}
    for folder in changes.LIBRARY.iterdir():
        if folder.is_dir() and folder.name not in used:
            assert [path.name for path in folder.iterdir()] == ["issue.json"], folder


def test_folders_are_named_so_that_an_installed_package_has_them() -> None:
    """setuptools takes package data from folders that could be packages, and a dot rules that out."""
    assert not [folder.name for folder in changes.LIBRARY.iterdir() if folder.is_dir() and "." in folder.name]


def test_a_folder_may_be_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = demo.build(Path("out/demo"))
    assert made.repo == tmp_path / "out/demo/reckon"
    assert (made.repo / ".git").is_dir()
