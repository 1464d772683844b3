"""Mining a history whose answers are known, with and without the heads of its pull requests."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.collect import collect_clone, gold_patch, tasks
from pipeline.config import CollectConfig
from pipeline.store import Store
from tests.history import Answers, every_case, run


@pytest.fixture(scope="module", params=[False, True], ids=["subjects", "heads"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return every_case(tmp_path_factory.mktemp("story") / "lib", heads=request.param)


@pytest.fixture(scope="module")
def collected(story: Answers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("db") / "so.db"
    with Store.open(path) as opened:
        collect_clone(story.repo, opened, config=CollectConfig())
    return path


@pytest.fixture
def store(collected: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy, for a test may change it."""
    shutil.copy(collected, tmp_path / "so.db")
    with Store.open(tmp_path / "so.db") as opened:
        yield opened


def test_every_merged_pull_request_is_found_with_its_commits(story: Answers, store: Store) -> None:
    assert {p.number: (p.kind, p.merge_sha, p.base_sha) for p in store.pulls()} == story.pulls


def test_every_false_one_is_left_out_with_its_reason(story: Answers, store: Store) -> None:
    assert {row.id: row.reason for row in store.left_out()} == story.left_out


def test_every_pull_request_becomes_a_task_or_says_why_not(story: Answers, store: Store) -> None:
    assert {t.number: t.left_out for t in tasks(store, CollectConfig())} == story.reasons


def test_counts_are_those_of_the_rows(story: Answers, tmp_path: Path) -> None:
    with Store.open(tmp_path / "fresh.db") as fresh:
        found = collect_clone(story.repo, fresh, config=CollectConfig())
        assert found.pulls == len(list(fresh.pulls())) == len(story.pulls)
        assert found.left_out == Counter(story.left_out.values())
        assert found.issues == 1  # "Fixes #2" names an issue of which nothing else is known
        assert found.repo == "local/lib"


def test_collecting_again_changes_nothing(story: Answers, store: Store) -> None:
    before = list(store.pulls()), list(store.left_out()), store.issues("local/lib")
    collect_clone(story.repo, store, config=CollectConfig())
    assert (list(store.pulls()), list(store.left_out()), store.issues("local/lib")) == before


def test_newest_merged_come_first(store: Store) -> None:
    times = [task.merged_at for task in tasks(store, CollectConfig())]
    assert times == sorted(times, reverse=True)


def test_the_gold_patch_turns_the_base_into_the_merge(story: Answers, store: Store, tmp_path: Path) -> None:
    run(story.repo, "worktree", "prune")
    for task in tasks(store, CollectConfig()):
        patch = gold_patch(story.repo, task)
        index = tmp_path / f"index{task.number}"
        script = f"git read-tree {task.base_sha} && (test ! -s {index}.patch || git apply --cached {index}.patch)"
        (tmp_path / f"index{task.number}.patch").write_bytes(patch)
        tree = _with_index(story.repo, index, script + " && git write-tree")
        assert tree == run(story.repo, "rev-parse", f"{task.merge_sha}^{{tree}}"), task.number


def _with_index(repo: Path, index: Path, script: str) -> str:
    environment = {"GIT_INDEX_FILE": str(index), "GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(["sh", "-c", script], cwd=repo, env=environment, capture_output=True, check=True)
    return ran.stdout.decode().strip()


def test_heads_verify_numbers(story: Answers, store: Store) -> None:
    verified = {p.number: p.verified for p in store.pulls()}
    if run(story.repo, "for-each-ref", "refs/pull"):
        assert verified[1] is verified[4] is verified[36] is verified[60] is True
    else:
        assert verified.pop(6) is False
        assert set(verified.values()) == {None}


def test_a_branch_that_merged_main_has_only_its_own_commits(store: Store) -> None:
    five = next(p for p in store.pulls() if p.number == 5)
    assert "Finish five" in five.commit_text
    assert "Direct commit to main" not in five.commit_text
    assert five.author == "ben"
    assert [f.path for f in five.files] == ["lib/five.py"]


def test_only_the_newest_and_since(story: Answers, store: Store, tmp_path: Path) -> None:
    everything = list(store.pulls())
    with Store.open(tmp_path / "few.db") as few:
        collect_clone(story.repo, few, config=CollectConfig(), limit=3)
        assert list(few.pulls()) == everything[:3]
    with Store.open(tmp_path / "since.db") as late:
        middle = everything[9].merged_at
        found = collect_clone(story.repo, late, config=CollectConfig(), since=middle)
        assert list(late.pulls()) == everything[:10]
        assert found.left_out["before_since"] + found.left_out.get("bot", 0) == len(everything) - 10 + 1


def test_a_narrower_run_takes_nothing_away(story: Answers, store: Store) -> None:
    before = list(store.pulls())
    collect_clone(story.repo, store, config=CollectConfig(), limit=2)
    collect_clone(story.repo, store, config=CollectConfig(since="2099-01-01"))
    assert list(store.pulls()) == before


def test_a_new_filter_takes_rows_away(story: Answers, store: Store) -> None:
    collect_clone(story.repo, store, config=CollectConfig(skip_authors=("ben",), skip_paths=("lib/n2?.py",)))
    left = {p.number for p in store.pulls()}
    assert left.isdisjoint({1, 5, *range(20, 30)})
    assert {4, 30} <= left
    reasons = {row.id: row.reason for row in store.left_out()}
    assert reasons["1"] == "skipped_author"
    assert reasons["20"] == "skipped_path"


def test_how_large_is_too_large_is_a_setting(store: Store) -> None:
    def reasons(config: CollectConfig) -> dict[int, str | None]:
        return {task.number: task.left_out for task in tasks(store, config)}

    assert (reasons(CollectConfig())[46], reasons(CollectConfig())[47]) == ("too_large", "too_large")
    assert reasons(CollectConfig(most_source_lines=1000))[46] is None
    assert reasons(CollectConfig(most_source_files=100))[47] is None
