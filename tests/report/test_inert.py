"""Hostile text stays text, in Markdown and in HTML."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.inert import fenced, inline, script_json, shortened, visible

HOSTILE = [
    "@octocat please look",
    "fixes #12 and GH-13 and owner/name#14",
    "![x](https://evil.example/pixel.png?q=secret)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)> <!-- --> </details>",
    "www.evil.example https://evil.example",
    "`code` **bold** | cell | $math$ ~strike~",
    "line one\n# heading\n\n- item",
    "\u202egnp.exe \x1b[31m red \x00 \ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_one_line_of_markdown_shows_the_text_and_does_nothing(text: str) -> None:
    shown = inline(text)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)[\\`*_\[\]<>|!~&$#](?![\\`*_\[\]<>|!~&$#@])", re.sub(r"\\.", "", shown))
    assert not re.search(r"@\w|#\d|://\w|www\.\w|GH-\d", shown)
    shown.encode()


@given(st.text(max_size=60))
def test_every_markdown_sign_is_escaped(text: str) -> None:
    bare = re.sub(r"\\[\\`*_\[\]<>|!~&$#]", "", inline(text))
    assert not set(bare) & set("\\`*_[]<>|!~&$#\n\r\x1b\u202e")


@given(st.text(alphabet="`~abc \n", max_size=80))
def test_a_fence_is_longer_than_any_run_inside(text: str) -> None:
    first, *body, last = fenced(text, "diff").split("\n")
    fence = first.removesuffix("diff")
    assert last == fence and set(fence) == {"`"} and len(fence) >= 3
    assert all(fence not in line for line in body)


def test_controls_are_made_visible() -> None:
    assert visible("a\x1b[31m\u202eb\x07") == "a\ufffd[31m\ufffdb\ufffd"
    assert visible("a\r\n\tb", keep_lines=True) == "a\n\tb"
    assert visible(" a \n b ") == "a b"


def test_cutting_shows_that_it_cut() -> None:
    assert shortened("abcdef", 4) == "abc…" and shortened("abcd", 4) == "abcd"


@given(st.recursive(st.text() | st.floats(allow_nan=False) | st.none(), st.lists, max_leaves=5))
def test_embedded_json_is_the_same_json_and_cannot_leave_its_element(value: object) -> None:
    text = script_json({"v": value, "x": "</script><!--<script>"})
    assert not set(text) & set("<>&") and text.isascii()
    assert json.loads(text)["v"] == value
