"""Which texts are too little to work from."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.collect import task_of
from pipeline.collect.vague import LEAST_BESIDE, MARK, marks, vague
from tests.collect.test_store import PULL

ENOUGH = "The parser drops the last row of a table when the file does not end in a newline, so counts are one short."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ENOUGH, None),
        ("Fix typo", "too_short"),
        ("Fix bug\n\nSee https://example.org/a/very/long/thread and #12 and #13", "too_short"),
        ("Fix the crash that users described on closing the window, same as #12", "points_elsewhere"),
        ("The button is in the wrong place on small screens\n\n![a](b.png)", "needs_a_picture"),
        (f"{ENOUGH}\n\n![a](b.png)", None),
        (f"{ENOUGH} See #12.", None),
        ("修复解析器在文件末尾没有换行符时丢失表格最后一行的问题", None),
        ("修复问题", "too_short"),
        ("", "too_short"),
    ],
)
def test_why_a_text_is_vague(text: str, why: str | None) -> None:
    assert vague(text) == why
    assert marks(text) == ((MARK,) if why else ())


@given(st.lists(st.sampled_from(["row", "crash", "#12", "![a](b.png)"]), max_size=40))
def test_enough_words_are_enough_whatever_stands_beside(words: list[str]) -> None:
    plain = sum(word in ("row", "crash") for word in words)
    if plain >= LEAST_BESIDE:
        assert vague(" ".join(words)) is None
    if plain < 8:
        assert vague(" ".join(words)) == "too_short"


def test_a_task_bears_the_mark_and_stays_a_task() -> None:
    pull = dataclasses.replace(PULL, title="Mend counting", body="", commit_text="Mend counting", links=())
    task = task_of(pull, {}, frozenset(), None)
    assert (task.left_out, task.marks) == (None, (MARK,))
    assert task_of(dataclasses.replace(pull, commit_text=ENOUGH), {}, frozenset(), None).marks == ()
