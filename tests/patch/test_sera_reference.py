"""``sera`` beside the reference's own function: equal to the last digit on texts of every kind."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.recall import random_patch
from pipeline.patch.recall import sera
from tests.sera_reference import compare_patch_recall

LINES = st.sampled_from(
    ["+a", "-a", "+b", " a", "+++i;", "--- sql", "+ ", "-\t", "@@ -1 +1 @@", "+a ", "", "diff --git a/x b/x",
     "+diff", "\\ No newline at end of file", "+é", "-漢", "+\x00", "+\ud800"]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", ""])
TEXTS = st.lists(st.tuples(LINES, ENDS), max_size=20).map(lambda rows: "".join(line + end for line, end in rows))


def is_equal(gold: str, candidate: str) -> bool:
    """The reference only says whether it reaches a threshold: ours must be the highest that it reaches."""
    ours = sera(gold, candidate)
    if ours is None:
        return compare_patch_recall(gold, candidate, 0.0) is None
    next_one = math.nextafter(ours, math.inf)
    return [compare_patch_recall(gold, candidate, one) for one in (ours, next_one)] == [True, False]


@settings(max_examples=400)
@given(TEXTS | st.text(max_size=40), TEXTS | st.text(max_size=40))
def test_any_two_texts(gold: str, candidate: str) -> None:
    assert is_equal(gold, candidate)


def test_what_patches_look_like() -> None:
    pairs = [(random_patch(2 * seed), random_patch(2 * seed + 1)) for seed in range(500)]
    assert all(is_equal(*pair) for pair in pairs)
    shares = {sera(*pair) for pair in pairs}
    assert None in shares and 0.0 in shares and 1.0 in shares and len(shares) > 20
