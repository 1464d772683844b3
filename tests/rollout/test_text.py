"""Edits of a text: laws over all texts, and the cases where editors usually slip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rollout.tools import text as texts
from pipeline.rollout.tools.text import EditError

some_text = st.text(alphabet="ab\t\n\r é\f\v\x85\u2028", max_size=30)


@given(some_text)
def test_lines_join_to_the_text(text: str) -> None:
    lines = texts.lines_of(text)
    assert "".join(lines) == text
    assert len(lines) == text.count("\n") + (not text.endswith("\n") and bool(text))


@given(some_text, some_text, some_text)
def test_a_unique_text_is_replaced_and_nothing_else(before: str, after: str, new: str) -> None:
    done, line = texts.replace(f"{before}OLD{after}", "OLD", new)
    assert done == f"{before}{new}{after}" or "\r\n" in before + after
    assert line == before.count("\n") + 1


@given(some_text.filter(lambda text: "\r\n" not in text), st.integers(0, 5))
def test_an_inserted_line_is_taken_out_again_by_a_replace(text: str, line: int) -> None:
    if line > len(texts.lines_of(text)):
        with pytest.raises(EditError, match="none of them"):
            texts.insert(text, line, "NEW")
        return
    inserted = texts.insert(text, line, "NEW")
    assert texts.lines_of(inserted)[line].strip("\n") == "NEW"
    assert inserted.replace("NEW\n", "").replace("\nNEW", "") == text


def test_old_text_must_be_unique_and_the_lines_are_named() -> None:
    with pytest.raises(EditError, match=r"occurs 2 times \(on lines 1, 3\)"):
        texts.replace("a\nb\na\n", "a", "c")
    with pytest.raises(EditError, match="occurs 0 times"):
        texts.replace("a", "b", "c")
    with pytest.raises(EditError, match="occurs 0 times"):
        texts.replace("a", "", "c")


def test_tabs_are_text() -> None:
    assert texts.replace("if x:\n\treturn\n", "\treturn", "\t\treturn 1") == ("if x:\n\t\treturn 1\n", 2)
    with pytest.raises(EditError):
        texts.replace("if x:\n\treturn\n", "    return", "")


def test_line_ends_of_the_file_are_kept() -> None:
    assert texts.replace("a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz") == ("x\r\ny\r\nz\r\nc\r\n", 1)
    assert texts.insert("a\r\nb\r\n", 1, "x\ny") == "a\r\nx\r\ny\r\nb\r\n"
    assert texts.insert("a", 1, "b") == "a\nb"
    assert texts.insert("", 0, "b") == "b\n"


def test_views() -> None:
    assert texts.numbered("a\n\tb\nc") == "     1\ta\n     2\t\tb\n     3\tc"
    assert texts.numbered("a\nb\nc\n", (2, -1)) == "     2\tb\n     3\tc\n"
    assert texts.numbered("a\nb\nc\n", (3, 99)) == "     3\tc\n"
    assert texts.numbered("") == ""
    for span in ((0, 1), (4, 5), (3, 2)):
        with pytest.raises(EditError, match="has 3 lines"):
            texts.numbered("a\nb\nc\n", span)


def test_an_edit_is_shown_with_its_neighbours() -> None:
    text = "".join(f"{number}\n" for number in range(1, 21))
    assert texts.around(text, 10, "10\n11").splitlines()[0].split() == ["6", "6"]
    assert texts.around(text, 10, "10\n11").splitlines()[-1].split() == ["15", "15"]
    assert texts.around("", 1, "") == ""
