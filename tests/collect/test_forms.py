"""The sentences of forges, and those that only look like them."""

from __future__ import annotations

import pytest

from pipeline.collect.forms import Form, form_of
from pipeline.collect.history import Commit


def commit(message: str, parents: int = 1, committer: str = "ada@example.org") -> Commit:
    return Commit("a" * 40, ("b" * 40, "c" * 40)[:parents], 0, 0, "Ada", "ada@example.org", committer, message)


@pytest.mark.parametrize(
    ("message", "form"),
    [
        ("Merge pull request #12 from ada/rows\n\nKeep rows", Form(12, "merge", "Keep rows", "ada/rows", True)),
        ("Merge pull request #12 from ada/rows", Form(12, "merge", "", "ada/rows", True)),
        ("Keep rows (#12)", Form(12, "titled", "Keep rows", "", True)),
        ("Merge pull request 'Keep rows' (#12) from ada/rows into main",
         Form(12, "merge", "Keep rows", "ada/rows", True)),
        ("Merge branch 'rows' into 'main'\n\nKeep rows\n\nSee merge request team/lib!12",
         Form(12, "merge", "Keep rows", "rows", True)),
        ("Merged in rows (pull request #12)\n\nKeep rows", Form(12, "merge", "Keep rows", "rows", True)),
        ("Auto merge of #12 - ada:rows, r=ben\n\nKeep rows", Form(12, "merge", "Keep rows", "ada:rows", True)),
        ("Merge #12\n\n12: Keep rows r=ben a=ada", Form(12, "titled", "Keep rows", "", True)),
        ("Merged PR 12: Keep rows", Form(12, "titled", "Keep rows", "", True)),
        ("Merge branch 'main' of github.com:o/n", None),
        ("Merge tag 'v1.2'", None),
    ],
)  # fmt: skip
def test_merges(message: str, form: Form | None) -> None:
    assert form_of(commit(message, parents=2)) == form


@pytest.mark.parametrize(
    ("message", "form"),
    [
        ("Keep rows (#12)", Form(12, "squash", "Keep rows", "", False)),
        ("Fix #3 for rows (#3) (#12)", Form(12, "squash", "Fix #3 for rows", "", False)),
        ("Keep rows (pull request #12)", Form(12, "squash", "Keep rows", "", False)),
        ("Merged in rows (pull request #12)\n\nKeep rows", Form(12, "squash", "Keep rows", "rows", True)),
        ("Keep rows\n\nSee merge request team/lib!12", Form(12, "squash", "Keep rows", "", True)),
        ("[X-1] Keep rows\n\nText\n\nCloses #12 from ada/rows.",
         Form(12, "squash", "[X-1] Keep rows", "ada/rows", True)),
        ("Merge pull request #12 from ada/rows\n\nKeep rows", None),  # a rebased copy of a merge's message
        ("Keep rows (fix for #12)", None),
        ("Keep rows (Fix for issue#12)", None),
        ("Keep rows (#12) on Windows", None),
        ("(#12)", None),
        ("Keep rows (#0)", None),
        ("Keep rows (#99999999999)", None),
        ("Keep rows\n\nMore text (#12)", None),
        ("", None),
    ],
)  # fmt: skip
def test_squashes(message: str, form: Form | None) -> None:
    assert form_of(commit(message)) == form


def test_what_githubs_own_button_made_is_certain() -> None:
    squash = form_of(commit("Keep rows (#12)", committer="noreply@github.com"))
    assert squash == Form(12, "squash", "Keep rows", "", True)
