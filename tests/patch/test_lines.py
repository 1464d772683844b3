"""The alignment: minimal on small texts, bounded and near minimal on large ones."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.patch.lines import changed_lines, common_lines

texts = st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"}"]), max_size=14)


def longest(old: list[bytes], new: list[bytes]) -> int:
    """Length of the longest common subsequence, by the textbook's table."""
    row = [0] * (len(new) + 1)
    for line in old:
        corner = 0
        for j, other in enumerate(new):
            corner, row[j + 1] = row[j + 1], corner + 1 if line == other else max(row[j + 1], row[j])
    return row[-1]


@given(old=texts, new=texts)
def test_small_texts_are_aligned_minimally(old: list[bytes], new: list[bytes]) -> None:
    pairs = common_lines(old, new)
    assert all(old[i] == new[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    assert len(pairs) == longest(old, new)


@given(old=texts, new=texts)
def test_changes_lead_from_one_text_to_the_other(old: list[bytes], new: list[bytes]) -> None:
    removed, added = changed_lines(old, new)
    assert sorted(old + added) == sorted(new + removed)


def test_few_edits_in_a_large_text_of_few_words_stay_few() -> None:
    chance = random.Random(7)
    old = [b"%d" % chance.randrange(60) for _ in range(6000)]
    new = list(old)
    for _ in range(60):
        new[chance.randrange(len(new))] = b"%d" % chance.randrange(60)
    removed, _ = changed_lines(old, new)
    assert len(removed) <= 70


def test_braces_by_the_thousand_do_not_drag_each_other_along() -> None:
    old = [line for i in range(3000) for line in (b"f%d {" % i, b"}")]
    new = [b"g {", b"}", *old[:2000], b"x", *old[2000:], b"}"]
    assert changed_lines(old, new) == ([], [b"g {", b"}", b"x", b"}"])
