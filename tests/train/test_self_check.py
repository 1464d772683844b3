"""The self-check: a sound sample passes, and each rule, broken once, is an error that names it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.train import check
from pipeline.train.render import Rendered, Template
from pipeline.train.samples import Conversation, read_conversations
from pipeline.train.tokens import Tokens, Turn, encode
from pipeline.types import LeftOut
from tests.train.tiny import call, make_tokenizer, row, samples_file

Case = tuple[Template, Conversation, Tokens]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    template = Template(make_tokenizer())
    given = read_conversations(samples_file(tmp_path / "s.jsonl", row("s1")))[0]
    found = encode(template, given, 2048)
    assert not isinstance(found, LeftOut)
    return template, given, found[0]


def broken(case: Case, rule: int, **change: object) -> None:
    template, given, tokens = case
    with pytest.raises(InputError, match=f"s1: rule {rule} "):
        check.check(template, given, [dataclasses.replace(tokens, **change)])  # type: ignore[arg-type]


def test_a_sound_sample_passes(case: Case) -> None:
    template, given, tokens = case
    check.check(template, given, [tokens])


def test_1_ids_that_decode_to_another_text(case: Case) -> None:
    ids = list(case[2].input_ids)
    ids[5], ids[6] = ids[6], ids[5]
    broken(case, 1, input_ids=tuple(ids))


def test_2_generated_ids_that_are_not_trained_on(case: Case) -> None:
    template, given, tokens = case
    turn = tokens.turns[0]
    read = template.tokenizer.decode(list(tokens.input_ids[turn.start : turn.end - 1]))
    letters = [i for character in read for i in template.tokenizer(character)["input_ids"]]
    assert letters != list(tokens.input_ids[turn.start : turn.end - 1])
    messages = list(given.messages)
    messages[2] = messages[2] | {"token_ids": letters}
    broken((template, dataclasses.replace(given, messages=tuple(messages)), tokens), 2)


def test_3_a_turn_without_its_stop_token(case: Case) -> None:
    first, last = case[2].turns
    broken(case, 3, turns=(dataclasses.replace(first, end=first.end - 1), last))


def test_4_a_turn_after_another_prompt_than_the_servers(case: Case) -> None:
    rendered = case[2].rendered
    shifted = [dataclasses.replace(span, start=span.start + 1) for span in rendered.spans]
    broken(case, 4, rendered=Rendered(rendered.text, tuple(shifted)))


def test_5_a_sequence_without_labels(case: Case) -> None:
    broken(case, 5, turns=())


def test_6_a_prompt_of_other_ids_than_the_servers(case: Case) -> None:
    template, _, tokens = case
    letters = [i for c in "You" for i in template.tokenizer(c)["input_ids"]]
    whole = template.tokenizer("You")["input_ids"]
    ids = list(tokens.input_ids)
    at = next(i for i in range(len(ids)) if ids[i : i + len(whole)] == whole)
    assert len(letters) > len(whole)
    ids[at : at + len(whole)] = letters
    shift = len(letters) - len(whole)
    turns = tuple(Turn(t.start + shift, t.end + shift, t.message) for t in tokens.turns)
    broken(case, 6, input_ids=tuple(ids), turns=turns)


def test_7_an_adapter_with_another_template(case: Case, tmp_path: Path) -> None:
    template = case[0]
    (tmp_path / "chat_template.jinja").write_text(template.source)
    check.carries_its_template(template, tmp_path)
    (tmp_path / "chat_template.jinja").write_text(template.source + " ")
    with pytest.raises(InputError, match="rule 7"):
        check.carries_its_template(template, tmp_path)


@pytest.mark.parametrize(
    ("lacks", "template"),
    [
        ("call of bash", "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"),
        (
            "reasoning",
            "{% for m in messages %}<|im_start|>{{ m.role }}\n"
            "{{ m.content }}{{ m.tool_calls }}<|im_end|>\n{% endfor %}",
        ),
    ],
)
def test_a_template_that_drops_calls_or_reasoning(tmp_path: Path, lacks: str, template: str) -> None:
    prompt = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    used = Template(make_tokenizer(template + prompt))
    turn = call("ls", "I look.", **({"reasoning": "It must be here."} if lacks == "reasoning" else {}))
    given = read_conversations(samples_file(tmp_path / "s.jsonl", row("s1", {"role": "user", "content": "U"}, turn)))[0]
    found = encode(used, given, 2048)
    assert not isinstance(found, LeftOut)
    with pytest.raises(InputError, match=lacks):
        check.check(used, given, found)


def test_a_forgotten_turn(case: Case) -> None:
    template, given, tokens = case
    with pytest.raises(InputError, match=r"rule 8 .*carry loss"):
        check.check(template, given, [dataclasses.replace(tokens, turns=tokens.turns[1:])])
