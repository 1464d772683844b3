"""Line by line the same as the metric counts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from pipeline.patch.diff import PatchError, parse
from pipeline.patch.matched import Marks, matched
from pipeline.patch.recall import own
from tests.patch.edits import trees
from tests.patch.test_recall import diff

GOLD = b"""\
--- a/a.py
+++ b/a.py
@@ -1,3 +1,5 @@
 def f(x):
-    return x
+    if x is None:
+        raise ValueError(x)
+    return x + 1

--- a/README.md
+++ b/README.md
@@ -1 +1,2 @@
 # f
+Raises.
"""
CANDIDATE = b"""\
--- a/a.py
+++ b/a.py
@@ -1,3 +1,6 @@
 def f(x):
-    return x
+    if x is None:
+        raise TypeError(x)
+    if x is None:
+    return x + 1

"""


def lines(patch: bytes, marks: Marks) -> dict[bytes, int]:
    files = parse(patch)
    return {files[f].hunks[h].lines[at].rstrip(): pair for (f, (h, at)), pair in marks.items()}


def test_equal_lines_share_a_number_and_what_does_not_count_has_none() -> None:
    gold, candidate = matched(GOLD, CANDIDATE)
    assert lines(GOLD, gold) == {
        b"-    return x": 1, b"+    if x is None:": 2, b"+        raise ValueError(x)": 0, b"+    return x + 1": 3,
    }  # fmt: skip
    assert sorted(candidate.values()) == [0, 0, 1, 2, 3], "each line matches once"


@settings(max_examples=30)
@given(before=trees, after=trees, other=trees)
def test_the_marks_add_up_to_the_metric(
    before: dict[str, bytes], after: dict[str, bytes], other: dict[str, bytes]
) -> None:
    gold, candidate = diff(before, after), diff(before, other)
    counts, (of_gold, of_candidate) = own(gold, candidate), matched(gold, candidate)
    pairs = sorted(pair for pair in of_gold.values() if pair)
    assert pairs == sorted(pair for pair in of_candidate.values() if pair) == list(range(1, counts.matched_lines + 1))
    assert (len(of_gold), len(of_candidate)) == (counts.gold_lines, counts.candidate_lines)


def test_a_patch_that_is_none_is_an_error() -> None:
    with pytest.raises(PatchError):
        matched(GOLD, b"no patch")
