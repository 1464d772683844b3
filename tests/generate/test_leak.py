"""Descriptions that name the fix, and such that only name what it is about."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pipeline.generate.leak import leaked_line


class Change(NamedTuple):
    hunk: str

    @property
    def patch(self) -> str:
        lines = self.hunk.split("\n")
        old, new = (sum(line[:1] in (" ", sign) for line in lines) for sign in "-+")
        return f"diff --git a/s.py b/s.py\n--- a/s.py\n+++ b/s.py\n@@ -1,{old} +1,{new} @@\n{self.hunk}\n"


MEAN = Change(
    " def mean(total, count):\n     # the mean of all items\n-    return total / count\n"
    "+    return total / count if count else 0.0"
)
RENAME = Change(
    " def load(path):\n-    tmp = read(path)\n-    return parse(tmp)\n"
    "+    raw_text = read(path)\n+    return parse(raw_text)"
)
GUARD = Change(
    " def pay(amount, account):\n+    if amount <= 0:\n+        raise ValueError('amount must be positive')\n"
    "     account.balance -= amount"
)
ERROR = Change(" def get(key):\n-    raise KeyError(key)\n+    raise ValueError(key)")
COMMENT = Change(" def size(items):\n-    # the size\n+    # the size of all the items\n     return len(items)")

ELSE = "total / count if count else 0.0"
RAISE = "raise ValueError('amount must be positive')"


@pytest.mark.parametrize(
    ("change", "text", "leak"),
    [
        (
            MEAN,
            "`mean` in `s.py` should use `total / count if count else 0.0` instead.",
            ELSE,
        ),
        (MEAN, "Please change `total / count` to ``total / count if count else 0.0``.", ELSE),
        (MEAN, "Could it do `/ count if count else 0.0`?", "/ count if count else 0.0"),
        (MEAN, "It needs\n```python\nreturn total / count if count else 0.0\n```", f"return {ELSE}"),
        (RENAME, "The variable in `load` says nothing: rename tmp to raw_text.", "raw_text"),
        (RENAME, "I would have expected `raw_text` there.", "raw_text"),
        (GUARD, "Calling `pay` with a negative amount should run `if amount <= 0` first.", "if amount <= 0"),
        (GUARD, "I expect `raise ValueError('amount must be positive')`", RAISE),
    ],
)  # fmt: skip
def test_descriptions_that_name_the_fix(change: Change, text: str, leak: str) -> None:
    assert leaked_line(text, change.patch) == leak


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (MEAN, "`mean(0, 0)` in `s.py` raises ZeroDivisionError.\n\nI called `mean(sum(xs), len(xs))` for an empty "
               "list and expected 0.0. It does `return total / count` without a look at `count`."),
        (MEAN, "The mean of all items is wrong if count is 0."),
        (RENAME, "`load` in `s.py` is hard to read: the name `tmp` does not say what it holds. Reviewers keep asking "
                 "what the raw text of the file is called there, and rename it in their heads."),
        (GUARD, "`pay` accepts a negative amount and silently adds to `account.balance`.\n\n"
                "Steps:\n1. `pay(-5, mine)`\n2. look at the balance\n\nExpected: an error, e.g. a `ValueError`. "
                "The amount must be positive."),
        (ERROR, "`get` raises a `KeyError`, while all its neighbours raise a `ValueError`."),
        (COMMENT, "`size` in `s.py` does not tell the size of all the items, only of the first level."),
        (COMMENT, "What does `return len(items)` count here?"),
    ],
)  # fmt: skip
def test_descriptions_of_what_one_sees(change: Change, text: str) -> None:
    assert leaked_line(text, change.patch) is None


def test_code_that_was_there_before_may_be_quoted() -> None:
    moved = Change("-    first = compute(1, 2)\n     rest()\n+    first = compute(1, 2)")
    assert leaked_line("`first = compute(1, 2)` runs before `rest()`", moved.patch) is None


def test_a_part_of_a_line_is_found_in_a_plain_sentence_where_it_can_only_be_code() -> None:
    change = Change("-    return sorted(names)\n+    return sorted(names, key=str.casefold)")
    assert leaked_line("Sort it with key=str.casefold, I guess.", change.patch) == "key=str.casefold"
    assert leaked_line("It should sort the names without regard to case.", change.patch) is None


def test_a_reformatted_file_is_read_in_time_linear_in_its_lines() -> None:
    removed = "\n".join(f"-    value_{i} = compute({i})" for i in range(3000))
    added = "\n".join(f"+    value_{i} = compute( {i} )" for i in range(3000))
    text = "The blanks inside of brackets differ from file to file."
    assert leaked_line(text, Change(f"{removed}\n{added}").patch) is None  # all pairs would run into the time limit
