"""What the demo promises about its history: size, variety, health, and payloads that agree with it."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from pipeline import demo
from pipeline.demo.changes import read_changes, seconds
from pipeline.git import git
from tests.demo import history

EVALUATED = 12
"""The newest pull requests, which the demo holds out of training."""


def test_variety(built: demo.Demo) -> None:
    pulls = history.merged(built)
    assert len(pulls) == 48
    assert Counter(change.landed for change in read_changes()) == {
        "squash": 24,
        "merge": 15,
        "rebase": 7,
        "direct": 4,
        "titled": 2,
    }
    assert len({pull.payload["user"]["login"] for pull in pulls}) == 7
    assert (pulls[0].payload["merged_at"][:7], pulls[-1].payload["merged_at"][:7]) == ("2025-09", "2026-10")


def test_times_run_in_order(built: demo.Demo) -> None:
    created = [row["created_at"] for row in history.rows(built)]
    assert created == sorted(created)
    assert [row["number"] for row in history.rows(built)] == list(range(1, len(created) + 1))
    landed = [change.pull["merged_at"] for change in read_changes() if change.pull]
    assert landed == sorted(set(landed))
    for change in read_changes():
        if change.pull:
            written = [change.issue["created_at"]] if change.issue else []
            times = [*written, *(patch.at for patch in change.patches), change.pull["created_at"]]
            assert times == sorted(times), change.folder
            assert times[-1] < change.pull["merged_at"], change.folder


def test_commits_are_not_older_than_their_parents(built: demo.Demo) -> None:
    times = {}
    for line in git(built.repo, "log", "--reverse", "--topo-order", "--format=%H %ct %P").decode().splitlines():
        sha, time, *parents = line.split()
        times[sha] = int(time)
        assert all(times[parent] <= times[sha] for parent in parents), sha


def test_payloads_agree_with_the_repository(built: demo.Demo) -> None:
    main = git(built.repo, "rev-list", "--first-parent", "HEAD").decode().split()
    for pull in history.merged(built):
        head = git(built.repo, "rev-parse", f"refs/pull/{pull.number}/head").decode().strip()
        assert pull.payload["head"]["sha"] == head
        after, before = main.index(pull.merge), main.index(pull.base)
        commits = pull.payload["commits"]
        rebased = git(built.repo, "log", "-1", "--format=%cn", pull.merge).strip() != b"GitHub"
        assert before - after == (commits if rebased else 1), pull.number
        time = git(built.repo, "log", "-1", "--format=%ct", pull.merge).decode().strip()
        assert int(time) == seconds(pull.payload["merged_at"])


def test_closing_words_name_the_issue_of_the_folder() -> None:
    for change in read_changes():
        if change.issue and not change.pull["title"].startswith("Revert"):
            number = change.issue["number"]
            assert change.pull["body"].endswith((f"Fixes #{number}", f"Closes #{number}")), change.folder
            assert change.issue["closed_at"] == change.pull["merged_at"]


def test_sizes_of_changes(built: demo.Demo) -> None:
    sizes = {pull.branch: history.source_lines(built, pull) for pull in history.merged(built)}
    assert not {branch: size for branch, size in sizes.items() if size and not 3 <= size <= 40}
    assert all(list(sizes.values())[-EVALUATED:])


def test_issues_do_not_give_the_fix_away(built: demo.Demo) -> None:
    for change in read_changes():
        text = change.issue.get("body", "") + change.pull.get("body", "") if change.pull else ""
        for patch in change.patches:
            added = [line[1:].strip() for line in patch.diff.decode().splitlines() if line.startswith("+ ")]
            assert not [line for line in added if len(line) > 20 and line in text], change.folder


def big_functions(built: demo.Demo, sha: str, folder: Path) -> int:
    """Functions whose body has at least five lines, its docstring not counted."""
    paths = (history.unpack(built, sha, folder) / "reckon").glob("*.py")
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    bodies = [node.body[1:] if ast.get_docstring(node) else node.body for node in functions]
    return sum(body[-1].end_lineno - body[0].lineno >= 4 for body in bodies if body)


def test_enough_functions_to_train_on(built: demo.Demo, tmp_path: Path) -> None:
    base = history.merged(built)[-EVALUATED].base
    assert big_functions(built, base, tmp_path / "base") >= 50
    assert big_functions(built, "HEAD", tmp_path / "head") >= 60


def test_size_of_the_library(built: demo.Demo) -> None:
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (built.repo / "reckon").glob("*.py"))
    assert 600 <= lines <= 1000


@pytest.mark.parametrize("place", [0, 24, 47])
def test_health(built: demo.Demo, place: int) -> None:
    pull = history.merged(built)[place]
    assert history.healthy(built, pull.merge)
    assert history.tests_fail_before(built, pull)


def test_a_refactoring_changes_no_test_result(built: demo.Demo) -> None:
    pull = next(pull for pull in history.merged(built) if pull.branch in history.WITHOUT_FAILING_TEST)
    assert not history.tests_fail_before(built, pull)
