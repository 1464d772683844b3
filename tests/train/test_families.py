"""Templates as they are in the world: each labels exactly what the assistant writes, and each known trap is met."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.train import check
from pipeline.train.render import render
from pipeline.train.samples import Conversation, as_served
from pipeline.train.tokens import IGNORED, Tokens, encode
from pipeline.types import LeftOut
from tests.train.families import ALL, GLM, LLAMA3, MISTRAL, QWEN3, QWEN25, Family
from tests.train.tiny import BASH, SUBMIT

families = pytest.mark.parametrize("family", ALL, ids=lambda family: family.name)
HEAD = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Mend it."})


def call(command: str, text: str = "", reasoning: str = "") -> dict[str, Any]:
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    calls = [{"id": "call00001", "type": "function", "function": function}]
    return {"role": "assistant", "content": text, "reasoning": reasoning, "tool_calls": calls}


def result(text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": "call00001", "content": text}


def conversation(*messages: dict[str, Any]) -> Conversation:
    served = tuple(as_served(message) for message in (*HEAD, *messages))
    return Conversation("s1", served, (BASH,), None, None, malformed=False)


def checked(family: Family, sample: Conversation) -> list[Tokens]:
    template = family.template()
    found = encode(template, sample, 10_000)
    assert not isinstance(found, LeftOut), found
    check.check(template, sample, found)
    return found


def words(family: Family, tokens: Tokens) -> list[str]:
    tokenizer = family.template().tokenizer
    return [tokenizer.decode(list(tokens.input_ids[turn.start : turn.end])) for turn in tokens.turns]


def work(family: Family) -> Conversation:
    """Three turns as the family can write them."""
    text = "I look." if family.has_text_beside_calls else ""
    why = "Where is it?" if family.has_reasoning else ""
    return conversation(
        call("grep -n f a.py", text, why), result("1:def f():"), call("sed -i s/a/b/ a.py", "", why), result(""),
        call(SUBMIT, "Done." if family.has_text_beside_calls else "", why),
    )  # fmt: skip


WRITTEN = {
    "qwen25": (
        'I look.\n<tool_call>\n{"name": "bash", "arguments": {"command": "grep -n f a.py"}}\n</tool_call><|im_end|>'
    ),
    "qwen3": (
        "<think>\nWhere is it?\n</think>\n\nI look.\n<tool_call>\n"
        '{"name": "bash", "arguments": {"command": "grep -n f a.py"}}\n</tool_call><|im_end|>'
    ),
    "llama3": '{"name": "bash", "parameters": {"command": "grep -n f a.py"}}<|eot_id|>',
    "mistral": (
        'I look.[TOOL_CALLS] [{"name": "bash", "arguments": {"command": "grep -n f a.py"}, "id": "call00001"}]</s>'
    ),
    "glm": (
        "\n<think>Where is it?</think>\nI look.\n<tool_call>bash\n<arg_key>command</arg_key>\n"
        "<arg_value>grep -n f a.py</arg_value>\n</tool_call><|observation|>"
    ),
}


@families
def test_one_sequence_with_the_turns_as_the_server_would_read_them(family: Family) -> None:
    (tokens,) = checked(family, work(family))
    first, second, last = words(family, tokens)
    assert first == WRITTEN[family.name]
    assert "sed -i s/a/b/ a.py" in second and SUBMIT in last
    assert all(turn.endswith(family.stops) for turn in (first, second, last))
    prompt = tokens.rendered.text[: tokens.rendered.spans[0].start]
    assert "Mend it." in prompt and "bash" in prompt, "tools and task are in what is read, without loss"
    assert tokens.labels[: tokens.turns[0].start] == [IGNORED] * tokens.turns[0].start


text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@families
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_whatever_is_said_carries_loss_and_nothing_else_does(family: Family, data: st.DataObject) -> None:
    turns = data.draw(st.lists(st.tuples(text, text.filter(bool), text, st.booleans()), min_size=1, max_size=4))
    messages: list[dict[str, Any]] = []
    for said, command, printed, interrupted in turns:
        messages += [call(command, said if family.has_text_beside_calls else "", said if family.has_reasoning else "")]
        messages += [result(printed)] + ([{"role": "user", "content": "Go on."}] if interrupted else [])
    sample, template = conversation(*messages), family.template()
    found = encode(template, sample, 10_000)
    if isinstance(found, LeftOut):
        assert found.reason in {"turn_not_separable", "stop_token_inside_turn", "control_token_in_text"}
        return
    check.check(template, sample, found)
    assert sorted(turn.message for tokens in found for turn in tokens.turns) == [
        i for i, message in enumerate(sample.messages) if message["role"] == "assistant"
    ]
    for tokens in found:
        held = [i for i, label in enumerate(tokens.labels) if label != IGNORED]
        assert held == [i for turn in tokens.turns for i in range(turn.start, turn.end)]


def test_qwen3_without_reasoning_stays_one_sequence() -> None:
    """Its last turn alone has an empty think block: taken so, each turn would need a sequence of its own."""
    turns = [m for n in range(6) for m in (call(f"ls {n}", "Look."), result("a.py"))]
    (tokens,) = checked(QWEN3, conversation(*turns, call(SUBMIT)))
    assert len(tokens.turns) == 7
    assert not any("<think>" in said for said in words(QWEN3, tokens))


def test_qwen3_that_strips_reasoning_is_split_where_a_user_speaks() -> None:
    turns = [call("ls", "", "First."), result("a.py"), call("cat a.py", "", "Second."), result("x")]
    later = [{"role": "user", "content": "Nearly full."}, call(SUBMIT, "", "Third.")]
    before, after = checked(QWEN3, conversation(*turns, *later))
    assert [turn.message for turn in before.turns] == [2, 4]
    assert [turn.message for turn in after.turns] == [7]
    assert "First." not in after.rendered.text and "First." in before.rendered.text


def test_a_split_sample_that_is_cut_keeps_the_parts_that_fit() -> None:
    turns = [call("ls", "", "First."), result("a.py"), {"role": "user", "content": "x " * 200}, call(SUBMIT, "", "Z.")]
    template, sample = QWEN3.template(), conversation(*turns)
    before, after = checked(QWEN3, sample)
    kept = encode(template, sample, len(after.input_ids) - 1, "cut")
    assert kept == [before]
    check.check(template, sample, kept)
    assert isinstance(encode(template, sample, before.turns[0].end - 1, "cut"), LeftOut)


def test_mistral_that_moves_its_tools_is_split_where_a_user_speaks() -> None:
    turns = [call("ls"), result("a.py"), {"role": "user", "content": "Nearly full."}, call(SUBMIT)]
    before, after = checked(MISTRAL, conversation(*turns))
    assert [[turn.message for turn in tokens.turns] for tokens in (before, after)] == [[2], [5]]


def test_glm_learns_the_marker_at_which_its_server_stops() -> None:
    (tokens,) = checked(GLM, conversation(call("ls"), result("a.py"), {"role": "assistant", "content": "All good."}))
    first, last = words(GLM, tokens)
    assert first.endswith("</tool_call><|observation|>") and last == "\n<think></think>\nAll good.<|user|>"


def test_llama3_that_drops_the_text_beside_a_call_is_named() -> None:
    template, sample = LLAMA3.template(), conversation(call("ls", "I look."))
    found = encode(template, sample, 10_000)
    assert not isinstance(found, LeftOut)
    with pytest.raises(InputError, match=r"sample s1: rule 8 .*message 2: the labelled tokens lack its text"):
        check.check(template, sample, found)


def test_llama3_that_takes_one_call_a_turn_says_so() -> None:
    turn = call("ls")
    turn["tool_calls"] *= 2
    with pytest.raises(InputError, match=r"refuses a sample \(This model only supports single tool-calls"):
        render(LLAMA3.template(), conversation(turn))


@families
def test_each_family_cut_at_the_last_whole_turn(family: Family) -> None:
    sample, template = work(family), family.template()
    (whole,) = checked(family, sample)
    left = encode(template, sample, len(whole.input_ids) - 1)
    assert isinstance(left, LeftOut) and left.reason == "too_long"
    short = encode(template, sample, whole.turns[-1].end - 1, "cut")
    assert not isinstance(short, LeftOut)
    check.check(template, sample, short)
    assert short[0].turns == whole.turns[:2] and len(short[0].input_ids) == whole.turns[1].end


def test_qwen25_results_in_a_row_stay_in_one_users_turn() -> None:
    turn = call("ls")
    turn["tool_calls"] = [turn["tool_calls"][0], {**turn["tool_calls"][0], "id": "call00002"}]
    both = [result("one"), {**result("two"), "tool_call_id": "call00002"}]
    (tokens,) = checked(QWEN25, conversation(turn, *both, call(SUBMIT)))
    between = tokens.rendered.text[tokens.rendered.spans[0].end : tokens.rendered.spans[1].start]
    assert between.count("<|im_start|>user") == 1 and between.count("<tool_response>") == 2
