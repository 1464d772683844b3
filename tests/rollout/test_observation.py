"""What the model sees of an output."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rollout import prompts
from pipeline.rollout.observation import observe, visible


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cf"), include_characters="\n\t")))
def test_ordinary_text_is_untouched(text: str) -> None:
    assert visible(text) == text


def test_how_hidden_things_look() -> None:
    assert visible("\x1b[31mred\x7f\x00\x9b\u202e\r\nprogress\r") == (
        "\\x1b[31mred\\x7f\\x00\\x9b\\u202e\nprogress\\x0d"
    )


@given(st.binary(max_size=400), st.integers(0, 100), st.integers(2, 50).map(lambda n: 2 * n))
def test_length_and_count_hold(output: bytes, dropped: int, limit: int) -> None:
    seen = observe(output, len(output) + dropped, 0, limit=limit)
    text = visible(output.decode("utf-8", "replace"))
    if seen.elided is None:
        assert (seen.text, seen.tail, dropped) == (text, "", 0)
        assert len(text) < limit
    else:
        assert len(seen.text) + len(seen.tail) <= limit
        assert text.startswith(seen.text)
        assert text.endswith(seen.tail)
        assert seen.elided == dropped + max(0, len(text) - limit)


@pytest.mark.parametrize("name", prompts.PROMPTS)
@given(st.binary(max_size=60), st.integers(0, 5), st.sampled_from(["", 'stopped "it"']))
def test_a_rendered_observation_is_json_that_no_output_can_break(
    name: str, output: bytes, more: int, note: str
) -> None:
    seen = observe(output, len(output) + more, 3, note, limit=40)
    row = json.loads(prompts.load(name).observation.render(output=seen.template_vars()))
    assert row["returncode"] == 3
    assert row.get("output", row.get("output_head")) == seen.text
    assert row.get("tail", row.get("output_tail", "")) == seen.tail
    assert row.get("note", row.get("exception_info", "")) == note
    assert row.get("elided_chars") == seen.elided
