"""What is encoded piece by piece is byte for byte what encoding it whole would be."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.rollout import wire
from pipeline.rollout.conversation import Conversation

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # halves of surrogate pairs too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
MESSAGES = st.lists(st.dictionaries(st.sampled_from(["role", "content", "tool_calls", "extra"]), VALUES), max_size=4)


def whole(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def without_extra(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in message.items() if key != "extra"} for message in messages]


@given(MESSAGES, st.lists(st.integers(0, 4), max_size=3))
def test_grown_in_any_steps_it_is_the_whole(messages: list[dict[str, Any]], cuts: list[int]) -> None:
    conversation = Conversation()
    for cut in [*sorted(cuts), len(messages)]:
        conversation.grow(messages[:cut])
        assert conversation.unclosed + b"]" == whole(without_extra(messages[:cut]))
        assert len(conversation) == len(messages[:cut])


@given(MESSAGES)
def test_its_front_never_changes(messages: list[dict[str, Any]]) -> None:
    conversation, seen = Conversation(), [b""]
    for count in range(1, len(messages) + 1):
        conversation.grow(messages[:count])
        seen.append(bytes(conversation.unclosed))
    for before, after in itertools.pairwise(seen):
        assert after.startswith(before)


@given(TEXT, MESSAGES, st.lists(st.dictionaries(TEXT, VALUES), max_size=2), st.dictionaries(TEXT, VALUES, max_size=3))
def test_a_request_is_what_json_would_make_of_it(
    model: str, messages: list[dict[str, Any]], tools: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    options = {f"_{key}": value for key, value in options.items()}
    body: dict[str, Any] = {"model": model, "messages": without_extra(messages)}
    body |= {"tools": tools} if tools else {}
    body |= {key: value for key, value in options.items() if value is not None}
    given_messages = copy.deepcopy(messages)
    assert b"".join(wire.request(model, Conversation(messages), tools, options)) == whole(body)
    assert messages == given_messages
