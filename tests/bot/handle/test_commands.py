"""The grammar of commands: what is one, and all that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handle.commands import WORDS, Command, parse


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_a_command(word: str) -> None:
    for text in (
        f"/switchover {word}",
        f"/Switchover\t{word.upper()}  ",
        f"Hello!\r\n\r\n  /switchover {word}\r\nBye.",
    ):
        assert parse(text) == Command(word)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("/switchover", ""),
        ("/switchover statsu", "statsu"),
        ("/switchover pause until monday", "pause until monday"),
        ("/switchover status; rm -rf", "status; rm -rf"),
    ],
)
def test_anything_else_after_it_asks_for_help(text: str, unknown: str) -> None:
    assert parse(text) == Command("help", unknown)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "please run /switchover status",
        "/switchovers status",
        "/switchover: status",
        "> /switchover status",
        "    /switchover status",
        "`/switchover status`",
        "- /switchover status",
        "```\n/switchover status\n```",
        "````md\n```\n/switchover status\n```\n````",
        "~~~\n```\n/switchover status\n~~~",
        "```\n/switchover status",
        "``` \n/switchover status\n```x\n/switchover status",
        "<!-- to see more write\n/switchover status\n-->",
        "<!-- never closed\n/switchover status",
        "<pre>\n/switchover status\n</pre>",
        "text\u2028/switchover status",
    ],
)
def test_what_only_looks_like_a_command_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "```\ncode\n```\n/switchover why",
        "~~~~\n~~~\n~~~~~\n/switchover why\n/switchover pause",
        "> /switchover pause\n\n/switchover why",
        "<!-- /switchover pause -->\n/switchover why",
        "<!-- a -->/switchover why",
    ],
)
def test_the_first_real_one_counts(text: str) -> None:
    assert parse(text) == Command("why")


@given(st.text(st.sampled_from("/switchover pause\n\r`~<!->\t "), max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    found = parse(text)
    assert found is None or found.word in WORDS
