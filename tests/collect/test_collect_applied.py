"""Pull requests that a maintainer applied by hand: found by their patch, or by the commit's word and its author."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.collect import collect_clone
from pipeline.config import CollectConfig
from pipeline.store import Store
from tests.history import ADA, BEN, Builder, code

LISTED = [f"type-{i:02d}" for i in range(60)]


@pytest.fixture
def hand(tmp_path: Path) -> Builder:
    builder = Builder(tmp_path / "lib")
    builder.commit({"src/a.py": code("a"), "src/b.py": code("b"), "types.txt": "start\n"}, "Start")
    return builder


def proposed(hand: Builder, number: int, files: dict[str, str | bytes | None], author: str = BEN) -> str:
    """A pull request's head, one commit on a branch of its own."""
    hand.branch(f"pr-{number}")
    sha = hand.commit(files, f"Proposal {number}", branch=f"pr-{number}", author=author)
    hand.pull_ref(number, sha)
    return sha


def mined(hand: Builder, tmp_path: Path) -> dict[int, tuple[str, str]]:
    """Number to (kind, merge sha)."""
    with Store.open(tmp_path / "so.db") as store:
        collect_clone(hand.finish(), store, config=CollectConfig())
        return {pull.number: (pull.kind, pull.merge_sha) for pull in store.pulls()}


@pytest.mark.parametrize("word", ["Closes #7", "fixes: #7", "PR #7", "Merged #7"])
def test_a_changed_patch_is_known_by_its_word_and_author(hand: Builder, tmp_path: Path, word: str) -> None:
    proposed(hand, 7, {"src/a.py": code("a", 9)})
    sha = hand.commit({"src/a.py": code("a", 8)}, f"Nicer steps\n\n{word}", author=BEN, committer=ADA)
    assert mined(hand, tmp_path) == {7: ("squash", sha)}


def test_a_maintainers_own_answer_is_not_the_pull_request(hand: Builder, tmp_path: Path) -> None:
    proposed(hand, 7, {"src/a.py": code("a", 9)})
    hand.commit({"src/a.py": code("a", 8)}, "Another way\n\nCloses #7", author=ADA)
    assert mined(hand, tmp_path) == {}


def test_other_files_are_another_change(hand: Builder, tmp_path: Path) -> None:
    proposed(hand, 7, {"src/a.py": code("a", 9)})
    hand.commit({"src/b.py": code("b", 8)}, "Elsewhere\n\nCloses #7", author=BEN, committer=ADA)
    assert mined(hand, tmp_path) == {}


def test_a_branch_may_be_pushed_again_after_it_was_applied(hand: Builder, tmp_path: Path) -> None:
    hand.branch("pr-7")
    sha = hand.commit({"src/a.py": code("a", 8)}, "Nicer steps\n\nPR #7", author=BEN, committer=ADA)
    late = hand.commit({"src/a.py": code("a", 9)}, "Proposal, again", branch="pr-7", author=BEN)
    hand.pull_ref(7, late)
    assert mined(hand, tmp_path) == {7: ("squash", sha)}


def test_one_commit_may_bring_two(hand: Builder, tmp_path: Path) -> None:
    proposed(hand, 7, {"src/a.py": code("a", 9)})
    proposed(hand, 8, {"src/b.py": code("b", 9)})
    both: dict[str, str | bytes | None] = {"src/a.py": code("a", 8), "src/b.py": code("b", 8)}
    sha = hand.commit(both, "Both\n\nCloses #7, closes #8", author=BEN, committer=ADA)
    assert mined(hand, tmp_path) == {7: ("squash", sha), 8: ("squash", sha)}


def test_a_line_in_a_list_is_found_among_many_like_it(hand: Builder, tmp_path: Path) -> None:
    """One line more in one file is what sixty commits change; only the line itself tells them apart."""
    text, brought = "start\n", {}
    for number, line in enumerate(LISTED, 1):
        proposed(hand, number, {"types.txt": f"{text}{line}\n"})
        text += f"{line}\n"
        brought[number] = hand.commit({"types.txt": text}, f"types: add {line}", author=BEN, committer=ADA)
    found = mined(hand, tmp_path)
    assert {number: sha for number, (_, sha) in found.items()} == brought
