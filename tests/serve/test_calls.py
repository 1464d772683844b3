"""Tool calls in a model's text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pipeline.serve.calls import as_message

arguments = st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=3)


@given(
    st.text(alphabet="abc .\n", max_size=20),
    st.lists(st.tuples(st.text(min_size=1), arguments), min_size=1, max_size=3),
)
def test_calls_that_were_written_are_read_back(text: str, calls: list[tuple[str, dict[str, str]]]) -> None:
    written = [f"<tool_call>\n{json.dumps({'name': n, 'arguments': a})}\n</tool_call>" for n, a in calls]
    message = as_message("\n".join([text, *written]))
    found = [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in message["tool_calls"]]
    assert found == calls
    assert message["content"] == (text.strip() or None)
    assert len({call["id"] for call in message["tool_calls"]}) == len(calls)


def test_a_malformed_call_leaves_the_whole_text_as_content() -> None:
    good = '<tool_call>{"name": "bash", "arguments": {}}</tool_call>'
    for bad in ("{", '{"name": 3, "arguments": {}}', '{"name": "bash"}', '{"name": "bash", "arguments": "ls"}', "[]"):
        text = f"{good}<tool_call>{bad}</tool_call>"
        assert as_message(text) == {"role": "assistant", "content": text}


def test_no_call_is_text() -> None:
    assert as_message("Hello.") == {"role": "assistant", "content": "Hello."}
