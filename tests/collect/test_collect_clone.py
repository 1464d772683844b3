"""Every sort of folder that a user may point at."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.collect import collect_clone
from pipeline.collect.clone import open_clone
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.store import Store
from tests.history import Builder, code, run


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    builder = Builder(tmp_path / "lib")
    builder.commit({"a.py": code("a")}, "Begin")
    builder.commit({"b.py": code("b")}, "Add b to the library (#1)")
    builder.commit({"c.py": code("c")}, "Add c to the library (#2)")
    return builder.finish()


def _found(source: Path, tmp_path: Path) -> int:
    with Store.open(tmp_path / "so.db") as store:
        return collect_clone(source, store, config=CollectConfig()).pulls


def test_a_bare_clone(repo: Path, tmp_path: Path) -> None:
    run(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    assert _found(tmp_path / "bare.git", tmp_path) == 2
    assert open_clone(tmp_path / "bare.git").name == "local/lib"


def test_a_worktree_and_a_folder_inside(repo: Path, tmp_path: Path) -> None:
    run(repo, "worktree", "add", "-q", str(tmp_path / "tree"))
    (tmp_path / "tree" / "inner").mkdir()
    assert _found(tmp_path / "tree" / "inner", tmp_path) == 2


def test_a_detached_head_is_followed_and_what_it_lacks_is_said(
    repo: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(tmp_path, "clone", "-q", str(repo), "old")
    run(tmp_path / "old", "checkout", "-q", "--detach", "HEAD~1")
    assert _found(tmp_path / "old", tmp_path) == 1
    assert "HEAD lacks 1 commits of origin's default branch" in caplog.text


def test_the_callers_git_variables_do_not_redirect(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", "/")
    assert _found(repo, tmp_path) == 2


def test_a_shallow_clone_is_refused(repo: Path, tmp_path: Path) -> None:
    run(tmp_path, "clone", "-q", "--depth", "1", repo.as_uri(), "shallow")
    with pytest.raises(InputError, match="fetch --unshallow"):
        _found(tmp_path / "shallow", tmp_path)


def test_an_empty_repository_has_nothing_and_says_so(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q", "new")
    with Store.open(tmp_path / "so.db") as store:
        found = collect_clone(tmp_path / "new", store, config=CollectConfig())
    assert (found.pulls, found.issues, found.left_out) == (0, 0, {})
    assert "no commits yet" in found.note


def test_a_head_without_commits_names_a_branch_that_has_some(repo: Path, tmp_path: Path) -> None:
    run(repo, "checkout", "-q", "--orphan", "fresh")
    with pytest.raises(InputError, match="such as refs/heads/main"):
        _found(repo, tmp_path)


def test_a_history_without_pull_requests_says_what_to_do(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "lib")
    builder.commit({"a.py": code("a")}, "Begin")
    with Store.open(tmp_path / "so.db") as store:
        found = collect_clone(builder.finish(), store, config=CollectConfig())
    assert found.pulls == 0
    assert "none of 1 commits names a merged pull request" in found.note
    assert "refs/pull" in found.note


@pytest.mark.parametrize("source", ["owner/name", "https://github.com/owner/name", "git@github.com:owner/name"])
def test_a_name_on_a_forge_needs_a_clone(source: str) -> None:
    with pytest.raises(InputError, match="git clone"):
        open_clone(Path(source))


def test_no_repository(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for source in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match="not a git repository"):
            open_clone(source)
    with pytest.raises(InputError, match="no such folder"):
        open_clone(tmp_path / "missing")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/owner/name.git", "owner/name"),
        ("https://user:secret@github.com/owner/name/", "owner/name"),
        ("git@github.com:owner/name.git", "owner/name"),
        ("ssh://git@host.example:2222/group/sub/name", "group/sub/name"),
        ("/srv/mirrors/name.git", "local/name"),
        ("../name", "local/name"),
    ],
)
def test_a_repository_is_called_as_its_remote_says(repo: Path, url: str, name: str) -> None:
    run(repo, "config", "remote.origin.url", url)
    assert open_clone(repo).name == name


def test_nothing_of_the_clone_is_run(repo: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "gpg.program",
    ):
        run(repo, "config", key, str(trap))
    run(repo, "config", "log.showSignature", "true")
    (repo / ".git" / "info" / "attributes").write_text("* diff=evil\n")
    (repo / ".git" / "hooks" / "post-index-change").symlink_to(trap)
    assert _found(repo, tmp_path) == 2
    with Store.open(tmp_path / "so.db") as store:
        from pipeline.collect import gold_patch, tasks

        assert all(gold_patch(repo, task) for task in tasks(store, CollectConfig()))
    assert not (tmp_path / "sprung").exists()


def test_lost_objects_cost_one_pull_request(repo: Path, tmp_path: Path) -> None:
    builder = Builder(repo, heads={"main": run(repo, "rev-parse", "HEAD")})
    builder.commit({"d.py": code("d")}, "Add d to the library (#3)")
    blob = run(repo, "rev-parse", "main:d.py")
    for pack in (repo / ".git" / "objects" / "pack").glob("*.pack"):
        moved = pack.rename(tmp_path / pack.name)
        pack.with_suffix(".idx").unlink()
        run(repo, "unpack-objects", "-q", input=moved.read_bytes())
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with Store.open(tmp_path / "so.db") as store:
        found = collect_clone(repo, store, config=CollectConfig())
        assert [p.number for p in store.pulls()] == [2, 1]
    assert found.left_out == {"missing_objects": 1}


def test_two_repositories_of_one_name_do_not_mix(repo: Path, tmp_path: Path) -> None:
    _found(repo, tmp_path)
    (tmp_path / "other").mkdir()
    other = Builder(tmp_path / "other" / "lib")
    other.commit({"z.py": code("z")}, "Begin another")
    other.commit({"y.py": code("y")}, "Add y to the other library (#1)")
    with pytest.raises(InputError, match="another repository called 'local/lib'"):
        _found(other.finish(), tmp_path)


def test_a_clone_that_moved_is_followed(repo: Path, tmp_path: Path) -> None:
    _found(repo, tmp_path)
    moved = repo.rename(tmp_path / "moved")
    run(moved, "config", "remote.origin.url", "/anywhere/lib")
    assert _found(moved, tmp_path) == 2
    with Store.open(tmp_path / "so.db") as store:
        assert store.repos() == {"local/lib": moved}


def test_a_merge_without_a_title_takes_that_of_its_last_commit(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "lib")
    builder.commit({"a.py": code("a")}, "Begin")
    builder.branch("rows")
    builder.commit({"b.py": code("b")}, "Keep all the rows\n\nAlso the last.", branch="rows")
    builder.merge("rows", "Merge pull request #1 from ada/rows")
    with Store.open(tmp_path / "so.db") as store:
        collect_clone(builder.finish(), store, config=CollectConfig())
        assert [pull.title for pull in store.pulls()] == ["Keep all the rows"]
