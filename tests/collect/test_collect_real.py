"""Mining real histories: what is found is compared with counts that were taken independently."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from pipeline.collect import collect_clone, gold_patch, tasks
from pipeline.config import CollectConfig
from pipeline.store import Store
from tests.real_histories import DATA, HISTORIES, PACKAGE, Real, unpack

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"needs the Debian package {PACKAGE}")


@pytest.fixture(scope="module", params=HISTORIES, ids=lambda real: real.name)
def real(request: pytest.FixtureRequest) -> Real:
    history: Real = request.param
    return history


@pytest.fixture(scope="module")
def clone(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(real, tmp_path_factory.mktemp("real") / "clone")


@pytest.fixture(scope="module")
def store(real: Real, clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    opened = Store.open(tmp_path_factory.mktemp("db") / "so.db")
    found = collect_clone(clone, opened, config=CollectConfig())
    assert (found.repo, found.pulls, found.left_out) == (real.name, real.pulls, {})
    return opened


def _log(clone: Path, form: str) -> list[str]:
    ran = subprocess.run(["git", "-C", clone, "log", f"--format={form}"], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


def test_the_history_is_the_known_one(real: Real, clone: Path) -> None:
    assert len(_log(clone, "%H")) == real.commits


def test_all_numbers_and_no_others(clone: Path, store: Store) -> None:
    named = re.findall(r"^Merge pull request #(\d+) from|\(#(\d+)\)$", "\n".join(_log(clone, "%s")), re.MULTILINE)
    assert {p.number for p in store.pulls()} == {int(a or b) for a, b in named}


def test_each_base_is_the_first_parent(clone: Path, store: Store) -> None:
    parents = dict(line.split(" ", 2)[:2] for line in _log(clone, "%H %P") if " " in line)
    assert all(parents[p.merge_sha] == p.base_sha for p in store.pulls())


def test_files_are_those_of_git_itself(clone: Path, store: Store) -> None:
    for pull in list(store.pulls())[:25]:
        words = ["git", "-C", clone, "diff", "--name-only", "-M", pull.base_sha, pull.merge_sha]
        names = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
        assert sorted(f.path for f in pull.files) == sorted(names), pull.number


def test_tasks_and_reasons(real: Real, store: Store) -> None:
    counts = Counter(task.left_out for task in tasks(store, CollectConfig()))
    assert counts.total() == real.pulls
    assert (counts[None], counts["unverified_number"]) == (real.tasks, real.unverified)


def test_no_prompt_holds_its_answer(clone: Path, store: Store) -> None:
    for task in list(tasks(store, CollectConfig()))[:40]:
        if task.left_out is None:
            assert len(task.prompt) >= 10
            assert task.merge_sha not in task.prompt
            assert not re.search(r"^(Merge pull request|@@ |diff --git )", task.prompt, re.MULTILINE)
            assert gold_patch(clone, task).startswith(b"diff --git ")
