"""Equal and nearly equal patches: exact in any order, and indifferent to what does not matter."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline.generate.select import Duplicates

LINES = st.sets(st.sampled_from([f"line {n}" + " long" * (n % 4) for n in range(14)]), max_size=14)


def patch(*added: str, path: str = "a.py", index: str = "1111111..2222222") -> str:
    body = "".join(f"+{line}\n" for line in added)
    head = f"diff --git a/{path} b/{path}\nindex {index} 100644\n--- a/{path}\n+++ b/{path}\n"
    return f"{head}@@ -0,0 +1,{len(added)} @@\n{body}"


def reason(kept: str, new: str, share: float = 0.8) -> str | None:
    seen = Duplicates(share)
    seen.add("kept", kept)
    why = seen.reason(new)
    assert why is None or "kept" in why[1]
    return why[0] if why else None


TEN = [f"value = compute({n})" for n in range(10)]


def test_equal_texts_are_duplicates_even_without_a_line() -> None:
    mode = "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"
    assert reason(patch(*TEN), patch(*TEN)) == reason(mode, mode) == "duplicate_patch"
    assert reason(mode, mode.replace("x", "y")) is None


def test_white_space_blank_lines_and_hashes_of_blobs_do_not_matter() -> None:
    spaced = [f"  {line.replace(' ', '   ')}\t" for line in TEN]
    assert reason(patch(*TEN), patch(*spaced, "", "  ", index="3333333..4444444")) == "near_duplicate"


def test_of_ten_lines_one_may_differ_and_two_may_not() -> None:
    assert reason(patch(*TEN), patch(*TEN[:9], "other()")) == "near_duplicate"
    assert reason(patch(*TEN), patch(*TEN[:8], "other()", "another()")) is None
    assert reason(patch(*TEN), patch(*TEN[:9], "other()"), share=1.0) is None


def test_the_same_lines_in_another_file_or_with_the_other_sign_are_another_change() -> None:
    assert reason(patch(*TEN), patch(*TEN, path="b.py")) is None
    taken = patch(*TEN).replace("\n+v", "\n-v").replace("-0,0 +1,10", "-1,10 +0,0")
    assert reason(patch(*TEN), taken) is None


@given(st.lists(LINES, max_size=8), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_no_near_patch_is_missed(patches: list[set[str]], share: float) -> None:
    seen = Duplicates(share)
    kept: list[set[str]] = []
    for number, lines in enumerate(patches):
        given_ = patch(*sorted(lines), index=f"{number:07}..0000000")
        near = [n for n, other in enumerate(kept) if lines and len(lines & other) / len(lines | other) >= share]
        why = seen.reason(given_)
        assert (why is not None) == bool(near)
        if why is None:
            seen.add(f"rollout {len(kept)}.", given_)
            kept.append(lines)
        else:
            assert why[0] == "near_duplicate" and f"rollout {near[0]}." in why[1]


def test_equal_patches_leave_one_in_any_order() -> None:
    for order in itertools.permutations([patch(*TEN), patch(*TEN), patch("x = 1")]):
        seen = Duplicates(0.8)
        kept = 0
        for number, one in enumerate(order):
            if seen.reason(one) is None:
                seen.add(str(number), one)
                kept += 1
        assert kept == 2
