"""The answer leaves a text; everything else stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.collect.leaks import answer_of, without_answer

ADDED = ("    return value.strip() or DEFAULT", "import os", "        if not rows: raise EmptyTable(name)")


def clean(text: str, added: tuple[str, ...] = ADDED, removed: tuple[str, ...] = ()) -> str:
    return without_answer(text, answer_of(added, removed))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Crash\n\n```diff\n-a\n+b\n```\nmore", "Crash\n\nmore"),
        ("Crash\n\n```\n- old = 1\n+ new = 2\n```\nmore", "Crash\n\nmore"),
        ("Crash\n\n```suggestion\nx = 1\n```", "Crash"),
        ("Crash\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\nThanks", "Crash\n\nThanks"),
        ("Crash\n\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c", "Crash"),
        (
            "Compare https://github.com/o/n/pull/12 and https://github.com/o/n/issues/3",
            "Compare  and https://github.com/o/n/issues/3",
        ),
        ("Fixed in https://github.com/o/n/commit/abcdef1234", "Fixed in"),
        ("Look [here](https://gitlab.com/o/n/-/merge_requests/3) too", "Look here too"),
        ("Broken since 0123456789abcdef0123456789abcdef01234567, sadly", "Broken since , sadly"),
        ("Crash\n\n## Solution\n\nUse strip\n\n## Versions\n\n3.11", "Crash\n\n## Versions\n\n3.11"),
        ("Crash\n\n## Fix\nUse strip\n### Detail\nmore\n# Other\nend", "Crash\n\n# Other\nend"),
        (
            "Crash\n\n**Proposed solution**\n\nUse strip\n\n**Environment**\n\nLinux",
            "Crash\n\n**Environment**\n\nLinux",
        ),
        ("Crash\n\nWhat changed:\n\n- strip", "Crash"),
        ("Crash\n\nSolution: use strip", "Crash"),
        ("Changes\n-------\nstrip\n\nUsage\n-----\nrun it", "Usage\n-----\nrun it"),
        ("Crash\n\nFixes #12", "Crash"),
        ("Crash\n\n- closes https://github.com/o/n/issues/3, #4 and #5.", "Crash"),
        ("Rows are lost (fixes #12) on Windows", "Rows are lost on Windows"),
        ("Crash\n\nCo-authored-by: Ben <b@c.de>\nSigned-off-by: Ada\n(cherry picked from commit 0123abc)", "Crash"),
        ("Merge pull request #3 from a/b\n\nCount to three (#3)", "Count to three"),
        ("Crash <!-- template\n text --> here\n- [x] I ran the tests", "Crash  here"),
        ("Crash\n\n    return value.strip() or DEFAULT\n\nSee", "Crash\n\nSee"),
        ("```python\nreturn value.strip() or DEFAULT\n```", ""),
        ("> if not rows: raise EmptyTable(name)\nyes", "yes"),
        ("Use `value.strip() or DEFAULT` here", "Use  here"),
    ],
)
def test_the_answer_goes(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Reading a table fails\n\n```python\nt = table()\nt.read()\n```\n\n```\nTraceback: boom\n```",
        "import os",  # short lines are everywhere
        "The function `strip_all` in `lib/core.py` drops rows",
        "- first\n- second\n+ not a diff",
        "How to reproduce:\n\n1. run\n2. crash",
        "## Expected behaviour\n\nIt works",
        "See https://docs.python.org/3/library/os.html and #12",
        "Fix the parser for nested lists",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
    ],
)
def test_the_question_stays(text: str) -> None:
    assert clean(text) == text


def test_a_line_that_only_moved_was_known_before() -> None:
    line = "    return value.strip() or DEFAULT"
    assert clean(f"Why `x`:\n{line}", (line,), (line,)) == f"Why `x`:\n{line}"


_PIECES = st.sampled_from(
    ["## Fix", "## V", "```diff", "```", "-a", "+b", "@@ -1 +1 @@", "diff --git a/x b/x", "Fixes #3", "",
     "**Solution**", "====", "text", "<!-- a", "-->", *ADDED, "https://github.com/o/n/pull/3", "`value.strip() or"]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=30), max_size=12).map("\n".join))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once) <= len(text)


@given(st.lists(_PIECES, max_size=10).map("\n".join), st.integers(0, 2))
def test_no_added_line_survives_anywhere(text: str, which: int) -> None:
    answer = ("x = compute_everything(1)", "return [row for row in rows]", "raise TooManyRows(count)")[which]
    left = clean(f"{text}\n  {answer}\nend", (answer,))
    assert answer not in left.splitlines()
    assert not any(line.strip() == answer for line in left.splitlines())


@given(st.lists(_PIECES | st.text(max_size=30), max_size=12).map("\n".join))
def test_no_link_to_the_change_survives(text: str) -> None:
    left = clean(f"{text} https://github.com/o/n/commit/0123abc\nhttps://github.com/o/n/pull/77/files")
    assert not re.search(r"github\.com/o/n/(commit|pull)/", left)
