"""What was taken back, and what came back after all."""

from __future__ import annotations

import pytest

from pipeline.collect.found import Found
from pipeline.collect.history import Commit, History
from pipeline.collect.reverts import is_revert, reverted


class Line:
    """A history without branches; each commit is named by a letter."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.found: list[Found] = []

    def commit(self, letter: str, message: str, number: int | None = None) -> str:
        sha = letter * 40
        parents = (self.commits[-1].sha,) if self.commits else ()
        self.commits.append(Commit(sha, parents, 0, len(self.commits), "Ada", "", "", message))
        if number is not None:
            title = message.split("\n")[0].removesuffix(f" (#{number})")
            self.found.append(Found(number, "squash", title, "", sha, parents[0]))
        return sha

    def reverted(self) -> dict[int, str]:
        commits = {commit.sha: commit for commit in reversed(self.commits)}
        return reverted(self.found, History(self.commits[-1].sha, commits))


@pytest.fixture
def line() -> Line:
    made = Line()
    made.commit("0", "Begin")
    made.commit("a", "Count rows (#1)", 1)
    return made


@pytest.mark.parametrize(
    "message",
    [
        f"Undo it\n\nThis reverts commit {'a' * 40}.",
        f"Undo it\n\nThis reverts commit {'a' * 9}.",
        'Revert "Count rows"',
        'Revert "Count rows (#1)"',
        'Revert: "count  rows"',
        "Reverts #1",
        "Undo it\n\nReverts owner/name#1",
        "Back out #1",
    ],
)
def test_every_way_to_say_it(line: Line, message: str) -> None:
    line.commit("b", message)
    assert line.reverted() == {1: "b" * 40}


@pytest.mark.parametrize(
    "message",
    [
        "Count rows again",
        "This does not revert #1",
        f"Undo it\n\nThis reverts commit {'c' * 40}.",
        "Revert to the old way of counting rows",
        'Revert "Count"',
    ],
)
def test_what_is_no_revert_of_it(line: Line, message: str) -> None:
    line.commit("b", message)
    assert line.reverted() == {}


def test_the_revert_of_a_revert_brings_it_back_and_again_not(line: Line) -> None:
    line.commit("b", 'Revert "Count rows" (#2)', 2)
    assert line.reverted() == {1: "b" * 40}
    line.commit("c", 'Revert "Revert "Count rows"" (#3)', 3)
    assert line.reverted() == {2: "c" * 40}
    line.commit("d", 'Revert "Revert "Revert "Count rows""" (#4)', 4)
    assert line.reverted() == {1: "b" * 40, 3: "d" * 40}


def test_direct_reverts_of_reverts(line: Line) -> None:
    line.commit("b", f"Undo\n\nThis reverts commit {'a' * 40}.")
    line.commit("c", f"Redo\n\nThis reverts commit {'b' * 40}.")
    assert line.reverted() == {}
    line.commit("d", f"Undo\n\nThis reverts commit {'c' * 40}.")
    assert line.reverted() == {1: "b" * 40}


def test_the_newest_of_two_with_one_title_is_meant(line: Line) -> None:
    line.commit("b", "Count rows (#2)", 2)
    line.commit("c", 'Revert "Count rows"')
    line.commit("d", "Count rows (#3)", 3)
    assert line.reverted() == {2: "c" * 40}


def test_one_commit_of_a_larger_branch_is_not_the_whole() -> None:
    def commit(letter: str, parents: str, message: str) -> Commit:
        return Commit(letter * 40, tuple(p * 40 for p in parents), 0, 0, "Ada", "", "", message)

    def answer(side: str) -> dict[int, str]:
        rows = [commit("a", "", "Begin"), commit("b", "a", "Half"), commit("c", "b", "Other half")]
        rows += [commit("m", f"a{side}", "Merge pull request #1 from x/y\n\nBoth")]
        rows += [commit("e", "m", f"Undo\n\nThis reverts commit {'b' * 40}.")]
        found = [Found(1, "merge", "Both", "x/y", "m" * 40, "a" * 40)]
        return reverted(found, History("e" * 40, {row.sha: row for row in reversed(rows)}))

    assert answer("b") == {1: "e" * 40}
    assert answer("c") == {}


@pytest.mark.parametrize(
    ("title", "revert"),
    [('Revert "X"', True), ("Reverts #3", True), ("Reland the parser", True), ("reverted X", True),
     ("Reversible maps", False), ("Add revert command", False)],
)  # fmt: skip
def test_titles(title: str, revert: bool) -> None:
    assert is_revert(title) is revert
