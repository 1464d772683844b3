"""hermes: equal to the reference, but for what is named in pipeline/export/hermes.py."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export.hermes import THINK, Hermes, Options, row
from pipeline.types import Message, Sample
from tests.export import reference
from tests.export.conftest import said

MODES = {"keep_only_think": "keep_only_think", "keep_only_non_think": "keep_only_non_think", "keep_all": ""}


def ours(sample: Sample, folder: Path, **options: object) -> str | None:
    writer = Hermes(folder, Options(**options))  # type: ignore[arg-type]
    writer.add(sample)
    writer.close()
    return (folder / "train.jsonl").read_text().removesuffix("\n") or None


def theirs(sample: Sample, add_think: bool = False, think: str = "keep_only_think") -> str | None:
    # What their client hands them has the key where there is no call, too.
    messages: list[Message] = [
        {"tool_calls": None, **message} if message["role"] == "assistant" else dict(message)
        for message in sample.messages
    ]
    return reference.export_line(messages, sample.id, add_think=add_think, mode=MODES[think])


@pytest.mark.parametrize("add_think", [False, True])
@pytest.mark.parametrize("think", THINK)
def test_real_rollouts_are_written_as_the_reference_writes_them(
    real: list[Sample], tmp_path: Path, think: str, add_think: bool
) -> None:
    bash_only = [sample for sample in real if len(sample.tools) == 1]
    assert len(bash_only) > 2
    for sample in bash_only:
        expected = theirs(sample, add_think, think)
        assert expected is not None
        assert ours(sample, tmp_path, think=think, add_think=add_think) == expected


TEXT = st.text(alphabet=st.sampled_from("ab \n<>é|"), max_size=20)
CONTENT = st.one_of(
    st.none(),
    TEXT,
    st.builds("<think>{}</think>{}".format, TEXT, TEXT),
    st.builds("{}<think>{}</think>{}".format, TEXT, TEXT, TEXT),
    st.sampled_from(["<think>", "</think>", "<think>a</think><think>b</think>", "a <tool_call>x</tool_call> b"]),
)


@given(content=CONTENT, think=st.sampled_from(THINK), add_think=st.booleans())
def test_whatever_a_turn_says(
    real: list[Sample], tmp_path_factory: pytest.TempPathFactory, content: str | None, think: str, add_think: bool
) -> None:
    changed = said(real[0], content=content)
    folder = tmp_path_factory.getbasetemp()
    assert ours(changed, folder, think=think, add_think=add_think) == theirs(changed, add_think, think)


def test_a_turn_without_a_call_stays_where_the_reference_fails(sample: Sample, tmp_path: Path) -> None:
    quiet = said(sample, content="I think I am done.", tool_calls=None)
    with pytest.raises(NameError, match="convert_xml_hermes"):
        theirs(quiet)
    turn = _turns(ours(quiet, tmp_path))[0]
    assert turn == {"role": "assistant", "content": "I think I am done.", "train": True}


def test_a_think_tag_in_a_tools_output_stays_where_the_reference_drops_the_trajectory(
    sample: Sample, tmp_path: Path
) -> None:
    messages = [dict(message) for message in sample.messages]
    result = next(message for message in messages if message["role"] == "tool")
    result["content"] = "grep: <think>"
    changed = dataclasses.replace(sample, messages=tuple(messages))
    assert theirs(changed) is None
    line = ours(changed, tmp_path)
    assert line is not None and "<tool_response>\\ngrep: <think>\\n</tool_response>" in line


def test_reasoning_that_the_server_kept_apart_is_the_thought(sample: Sample, tmp_path: Path) -> None:
    apart = said(sample, content="Let me look.", reasoning_content=" Where is it? ")
    inline = said(sample, content="<think>\n Where is it? \n</think>\n\nLet me look.")
    assert ours(apart, tmp_path) == theirs(inline)
    content = _turns(ours(apart, tmp_path))[0]["content"]
    assert content.startswith("<think>\nWhere is it?\n</think>\n\n<tool_call>\n")


def test_two_tools_are_written_as_they_were_offered(real: list[Sample]) -> None:
    sample = next(sample for sample in real if len(sample.tools) == 2)
    made = row(sample, Options())
    assert made["tool_json"] == list(sample.tools)
    for tool in sample.tools:
        assert json.dumps(tool) in made["messages"][0]["content"].splitlines()


def test_what_cannot_be_written_is_left_out_with_its_reason(sample: Sample, tmp_path: Path) -> None:
    writer = Hermes(tmp_path, Options())
    torn = {"id": "c", "type": "function", "function": {"name": "bash", "arguments": "{"}}
    reasons = [
        writer.add(said(sample, tool_calls=[torn])),
        writer.add(said(sample, content="<think>a</think> <think>b</think>")),
    ]
    writer.close()
    assert [unfit and unfit.reason for unfit in reasons] == ["malformed_call", "broken_thinking"]
    assert (tmp_path / "train.jsonl").read_text() == ""


def _turns(line: str | None) -> list[Message]:
    assert line is not None
    return [message for message in json.loads(line)["messages"] if message["role"] == "assistant"]
