"""Which issues texts name."""

from __future__ import annotations

import pytest

from pipeline.collect.links import links_of
from pipeline.types import Link


def found(text: str, branch: str = "", changelog: str = "") -> list[tuple[int, bool, str]]:
    links = links_of({"commit_message": text}, branch, changelog, "Owner/name", own=99)
    return [(link.number, link.closes, link.source) for link in links]


@pytest.mark.parametrize(
    ("text", "closed", "mentioned"),
    [
        ("Fixes #12", [12], []),
        ("closes: #1, #2 and #3", [1, 2, 3], []),
        ("Resolved owner/name#4, see #5", [4], [5]),
        ("fix renamed/name#6", [6], []),  # the owner may have moved
        ("Fixes other/thing#7", [], []),
        ("close https://github.com/owner/name/issues/8", [8], []),
        ("Fix https://gitlab.com/owner/name/-/issues/9.", [9], []),
        ("Closes issue #10, GH-11", [10, 11], []),
        ("Prefixes #13 with a dash", [], [13]),
        ("A colour: &#14; abc#15, page/#16", [], []),
        ("Fixes #99", [], []),  # itself
        ("Fix the parser", [], []),
        ("fixes #0", [], []),
    ],
)
def test_closing_words_and_mentions(text: str, closed: list[int], mentioned: list[int]) -> None:
    assert [n for n, closes, _ in found(text) if closes] == closed
    assert [n for n, closes, _ in found(text) if not closes] == mentioned


@pytest.mark.parametrize(
    ("branch", "number"),
    [
        ("ada/issue-12", 12),
        ("fix/34-crash", 34),
        ("gh-56", 56),
        ("bugfix_78_x", 78),
        ("v2-12", None),
        ("prefix-9", None),
    ],
)
def test_branch_names(branch: str, number: int | None) -> None:
    assert found("", branch=branch) == ([(number, False, "branch_name")] if number else [])


def test_change_logs() -> None:
    text = "- Keep rows. :issue:`12`\n- Drop rows (#13)\n- :issue:`x <14>`"
    assert [n for n, _, source in found("", changelog=text) if source == "changelog"] == [12, 13, 14]


def test_strongest_first_once_per_source() -> None:
    texts = {"pull_title": "See #2", "pull_body": "Fixes #1. Fixes #1.", "commit_message": "closes #1"}
    links = links_of(texts, "", "", "o/n", 99)
    assert links == (
        Link(1, True, "pull_body"),
        Link(1, True, "commit_message"),
        Link(2, False, "pull_title"),
    )
