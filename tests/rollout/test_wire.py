"""Replies of odd servers, as values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rollout import wire
from pipeline.rollout.wire import BadReply, Usage

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["choices", "message", "tool_calls", "x"]), inner),
    max_leaves=12,
)


def body(message: dict[str, Any], usage: Any = None) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": None}], "usage": usage}).encode()


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_reply_or_a_bad_reply(data: bytes) -> None:
    try:
        message, _, _ = wire.reply(data, 0)
    except BadReply:
        return
    assert message["role"] == "assistant"


@given(st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), st.builds(Usage, st.integers(0, 9)))
def test_usages_add(one: Usage, two: Usage) -> None:
    assert one + two == two + one
    assert one + Usage() == one
    assert (one + two).tokens_in == one.tokens_in + two.tokens_in


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, {"prompt_tokens": "many"}, [], 5])
def test_a_usage_that_is_not_told_is_zero(usage: Any) -> None:
    assert wire.reply(body({"content": "x"}, usage), 0)[2] == Usage()


def test_a_call_without_an_id_is_given_one_and_an_object_becomes_text() -> None:
    calls = [{"function": {"name": "bash", "arguments": {"command": "ls"}}}, {"function": {"name": "bash"}}]
    message, _, _ = wire.reply(body({"content": None, "tool_calls": calls}), 4)
    assert [call["id"] for call in message["tool_calls"]] == ["call_4_0", "call_4_1"]
    assert [call["function"]["arguments"] for call in message["tool_calls"]] == ['{"command": "ls"}', "{}"]
    assert message["content"] is None


def test_nothing_said_is_an_empty_text_and_parts_are_joined() -> None:
    assert wire.reply(body({"content": None}), 0)[0] == {"role": "assistant", "content": ""}
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert wire.reply(body({"content": parts}), 0)[0]["content"] == "ab"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"error": {"message": "no\\nway"}}', "no way"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"message": "old"}', "old"),
        (b'{"error": "plain"}', "plain"),
        (b"<html>502</html>", "<html>502</html>"),
        (b'"x"', '"x"'),
        (b"", ""),
        (b"\xff", "�"),
    ],
)
def test_the_servers_words(answer: bytes, said: str) -> None:
    assert wire.error_text(answer) == said


def test_the_servers_words_are_cut() -> None:
    assert len(wire.error_text(b"x" * 5000)) == 300


def test_only_a_refusal_can_say_too_long() -> None:
    assert wire.too_long(413, "")
    assert wire.too_long(400, "context_length_exceeded")
    assert not wire.too_long(400, "unknown parameter 'tools'")
    assert not wire.too_long(429, "context window busy")


def test_model_names() -> None:
    assert wire.model_ids(b'{"data": [{"id": "a"}, {"id": "b"}]}') == ["a", "b"]
    assert wire.model_ids(b"[]") == wire.model_ids(b"no") == wire.model_ids(b'{"data": [1]}') == []
