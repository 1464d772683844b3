"""Comments at the limit of what GitHub takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.write.clip import MOST_CHARACTERS, clipped, marker

KEY = "comment-7d9e"
MARK = f"<!-- switchover:{KEY} -->"


def test_a_short_text_keeps_all() -> None:
    assert clipped("**Hello**\n", KEY) == f"**Hello**\n\n{MARK}"


def test_the_last_text_that_fits_is_not_cut() -> None:
    most = MOST_CHARACTERS - len(MARK) - 2
    assert clipped("x" * most, KEY) == "x" * most + f"\n\n{MARK}"
    assert "The rest was cut" in clipped("x" * (most + 1), KEY)


@pytest.mark.parametrize("letter", ["x", "é", "漢", "🙂"])
@pytest.mark.parametrize("over", range(0, 200, 37))
def test_what_is_too_long_is_cut(letter: str, over: int) -> None:
    cut = clipped(letter * (MOST_CHARACTERS + over), KEY)
    assert 0.99 * MOST_CHARACTERS < len(cut) <= MOST_CHARACTERS
    assert cut.endswith(MARK)
    assert cut.encode().decode() == cut


def test_it_is_cut_between_lines() -> None:
    cut = clipped("".join(f"line {number:06}\n" for number in range(9000)), KEY)
    assert re.fullmatch(r"(line \d{6}\n)+\n\*The rest.*\*\n\n<!--.*-->", cut)


@pytest.mark.parametrize("fence", ["```", "~~~", "``````", "~" * 20])
def test_an_open_code_block_is_closed(fence: str) -> None:
    cut = clipped(f"before\n{fence}python\n" + "code()\n" * 20_000, KEY)
    assert f"code()\n{fence}\n\n*The rest" in cut


def test_a_closed_code_block_is_left_alone() -> None:
    cut = clipped("```\ncode\n```\n" + "text\n" * 20_000, KEY)
    assert "text\n\n*The rest" in cut


def test_a_longer_fence_holds_a_shorter_one() -> None:
    cut = clipped("````\n```\ninner\n```\n" + "code\n" * 20_000, KEY)
    assert "code\n````\n\n*The rest" in cut


@given(st.text(alphabet="`~ \nab", max_size=400), st.integers(0, 80))
def test_no_text_hides_its_ending(start: str, more: int) -> None:
    """Whatever comes before: the note and the marker are outside of every code block."""
    cut = clipped(start + "\n" + ("word " * 12 + "\n") * (960 + more), KEY)
    assert len(cut) <= MOST_CHARACTERS
    assert cut.endswith(MARK)
    if "The rest was cut" in cut:
        assert _fences(cut) == ""


def _fences(text: str) -> str:
    """The fence that is open at the end, as CommonMark defines it."""
    fence = ""
    for line in text.split("\n"):
        opening = re.match(r" {0,3}(`{3,}|~{3,})(.*)$", line)
        if not opening:
            continue
        run, rest = opening[1], opening[2]
        if fence:
            if run[0] == fence[0] and len(run) >= len(fence) and not rest.strip():
                fence = ""
        elif run[0] == "~" or "`" not in rest:
            fence = run
    return fence


@pytest.mark.parametrize("key", ["", "a b", "a-->b", "a--b", "-a", "ä", "a\n", "<x>", "k" * 3 + ">"])
def test_keys_that_could_end_the_marker(key: str) -> None:
    with pytest.raises(ValueError, match="cannot be a key"):
        marker(key)
