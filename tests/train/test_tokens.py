"""Samples to labels: loss on exactly what the assistant writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.train.render import Template, render
from pipeline.train.samples import Conversation, newest, read_conversations
from pipeline.train.tokens import IGNORED, Tokens, encode
from pipeline.types import LeftOut
from tests.train.tiny import BASH, SUBMIT, call, make_tokenizer, result, row, samples_file

HEAD = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]

# A template without markers whose turns end in the next role's marker (as GLM's do).
GLM = (
    "{% for m in messages %}{% if m.role == 'assistant' %}<|im_start|>{{ m.content }}"
    "{% for c in m.tool_calls or [] %}[{{ c.function.name }} {{ c.function.arguments | tojson }}]{% endfor %}"
    "{% else %}<|im_end|>{{ m.role }}: {{ m.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>{% endif %}"
)

# A template that shows reasoning in the last turn only (as Qwen3's does after a user's message).
FORGETFUL = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning and loop.last %}<think>{{ m.reasoning }}</think>{% endif %}{{ m.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def template() -> Template:
    return Template(make_tokenizer())


def conversation(tmp_path: Path, *messages: dict[str, Any], **more: Any) -> Conversation:
    return read_conversations(samples_file(tmp_path / "s.jsonl", row("s1", *messages, **more)))[0]


def encoded(template: Template, given: Conversation, tokens: int = 2048, **more: Any) -> list[Tokens]:
    found = encode(template, given, tokens, **more)
    assert not isinstance(found, LeftOut), found
    return found


def left_out(template: Template, given: Conversation, tokens: int = 2048) -> LeftOut:
    found = encode(template, given, tokens)
    assert isinstance(found, LeftOut)
    return found


def said(template: Template, tokens: Tokens) -> list[str]:
    return [template.tokenizer.decode(list(tokens.input_ids[t.start : t.end])) for t in tokens.turns]


def test_labels_are_the_assistants_turns_with_calls_and_stop_token(template: Template, tmp_path: Path) -> None:
    (tokens,) = encoded(template, conversation(tmp_path))
    first, last = said(template, tokens)
    assert first == (
        'I look.\n<tool_call>\n{"name": "bash", "arguments": {"command": "grep -n s1 a.py"}}\n</tool_call><|im_end|>'
    )
    assert last.startswith("Done.\n<tool_call>") and SUBMIT in last and last.endswith("<|im_end|>")
    labelled = [i for i, label in enumerate(tokens.labels) if label != IGNORED]
    assert len(labelled) == tokens.labelled == sum(turn.end - turn.start for turn in tokens.turns)
    assert all(tokens.labels[i] == tokens.input_ids[i] for i in labelled)


def test_marks_and_differences_label_the_same(template: Template, tmp_path: Path) -> None:
    given = conversation(tmp_path)
    plain = Template(make_tokenizer())
    plain.has_markers = False
    (marked,), (differed,) = encoded(template, given), encoded(plain, given)
    assert marked.turns == differed.turns
    assert marked.input_ids[: len(differed.input_ids)] == differed.input_ids


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.text(max_size=30), st.text(min_size=1, max_size=40), st.text(max_size=60)), min_size=1, max_size=4
    )
)
def test_any_texts_are_labelled_or_left_out_with_a_reason(
    template: Template, tmp_path: Path, turns: list[tuple[str, str, str]]
) -> None:
    clean = [[part.encode("utf-8", "ignore").decode() for part in turn] for turn in turns]
    messages = [m for text, command, printed in clean for m in (call(command, text), result(printed))]
    found = encode(template, conversation(tmp_path, *HEAD, *messages), 10_000)
    if isinstance(found, LeftOut):
        assert found.reason in {"turn_not_separable", "stop_token_inside_turn"}
        return
    for (text, command, _), words in zip(clean, said(template, found[0]), strict=True):
        assert text.rstrip("\n") in words and json.dumps({"command": command}, ensure_ascii=False) in words


def test_a_stop_token_that_is_the_next_roles_marker_is_labelled(tmp_path: Path) -> None:
    template = Template(make_tokenizer(GLM))
    (tokens,) = encoded(template, conversation(tmp_path))
    for turn in tokens.turns:
        assert tokens.input_ids[turn.end - 1] == template.tokenizer.eos_token_id


def test_a_template_that_rewrites_history_gives_several_sequences(tmp_path: Path) -> None:
    template = Template(make_tokenizer(FORGETFUL))
    turns = [
        {"role": "assistant", "content": "one", "reasoning": "because"},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "content": "two", "reasoning": "therefore"},
    ]
    given = conversation(tmp_path, *HEAD, *turns)
    first, second = encoded(template, given)
    assert said(template, first) == ["<think>because</think>one<|im_end|>"]
    assert said(template, second) == ["<think>therefore</think>two<|im_end|>"]
    assert "because" not in second.rendered.text


def test_too_long_is_dropped_or_cut_after_a_whole_turn(template: Template, tmp_path: Path) -> None:
    given = conversation(tmp_path)
    (whole,) = encoded(template, given)
    short = len(whole.input_ids) - 3
    assert left_out(template, given, short).reason == "too_long"
    (cut,) = encoded(template, given, short, too_long="cut")
    assert cut.turns == whole.turns[:1]
    assert cut.input_ids == whole.input_ids[: whole.turns[0].end]
    assert isinstance(encode(template, given, whole.turns[0].end - 1, "cut"), LeftOut), "never zero labels"


def test_reasons(template: Template, tmp_path: Path) -> None:
    broken = call("ls")
    broken["tool_calls"][0]["function"]["arguments"] = '{"command": '
    assert left_out(template, conversation(tmp_path, *HEAD, broken)).reason == "malformed_call"
    other = call("ls")
    other["tool_calls"][0]["function"]["name"] = "python"
    assert left_out(template, conversation(tmp_path, *HEAD, other)).reason == "malformed_call"
    assert left_out(template, conversation(tmp_path, *HEAD)).reason == "no_assistant_turn"
    literal = call("echo '<|im_end|>'")
    assert left_out(template, conversation(tmp_path, *HEAD, literal)).reason == "stop_token_inside_turn"


def test_generated_ids_are_trained_on_as_they_were(template: Template, tmp_path: Path) -> None:
    words = "hello<|im_end|>"
    letters = [i for c in "hello" for i in template.tokenizer(c)["input_ids"]] + [template.tokenizer.eos_token_id]
    assert template.tokenizer(words)["input_ids"] != letters, "the server may split words otherwise"
    turn = {"role": "assistant", "content": "hello", "token_ids": letters}
    (tokens,) = encoded(template, conversation(tmp_path, *HEAD, turn))
    assert list(tokens.input_ids[tokens.turns[0].start : tokens.turns[0].end]) == letters


def test_newest_code_of_the_samples(tmp_path: Path) -> None:
    rows = [
        row("a", base_time="2026-01-01T00:00:00Z", base_sha="1" * 40),
        row("b", base_time="2026-05-01T00:00:00Z", base_sha="2" * 40),
        row("c", base_time=None),
    ]
    found = read_conversations(samples_file(tmp_path / "s.jsonl", *rows))
    assert newest(found) == ("2026-05-01T00:00:00Z", "2" * 40)
    assert newest(found[2:]) == (None, None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "no sample in it"),
        ("nonsense\n", "not JSON"),
        ('{"id": "x"}\n', "messages is None"),
        ('{"id": "x", "messages": []}\n', "messages is []"),
        ('{"id": "x", "messages": [{"role": "robot"}]}\n', "role is not one of"),
        ('{"id": "x", "messages": [{"role": "user", "content": 3}]}\n', "content is 3"),
        ('{"id": "x", "messages": [{"role": "user", "content": "u"}], "tools": [{"name": "bash"}]}\n', "OpenAI form"),
        (
            '{"id": "x", "messages": [{"role": "assistant", "tool_calls": [{"name": "bash"}]}], "tools": []}\n',
            "is no tool call",
        ),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(line)
    with pytest.raises(InputError, match=r"s\.jsonl") as error:
        read_conversations(path)
    assert says in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="switchover generate"):
        read_conversations(tmp_path / "none.jsonl")


def test_a_base_without_template_or_with_a_refusing_one_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no chat template"):
        Template(make_tokenizer(""))
    refusing = Template(make_tokenizer("{{ raise_exception('no tools here') }}"))
    with pytest.raises(InputError, match="no tools here"):
        render(refusing, conversation(tmp_path))


def test_tools_reach_the_prompt(template: Template, tmp_path: Path) -> None:
    (tokens,) = encoded(template, conversation(tmp_path))
    assert json.dumps(BASH, ensure_ascii=False) in tokens.rendered.text


def test_the_line_end_that_a_parser_leaves_before_a_call_is_not_doubled(template: Template) -> None:
    """A server gives "I look.\\n" and the call apart; what it is shown next is what it had written."""
    call = {"id": "a", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
    texts = []
    for said in ("I look.", "I look.\n"):
        turn = {"role": "assistant", "content": said, "tool_calls": [call]}
        texts.append(template.text([{"role": "user", "content": "go"}, turn], [], prompt=False))
    assert texts[0] == texts[1]
    assert "I look.\n<tool_call>" in texts[0]
