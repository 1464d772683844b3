"""The prompt files: both complete, the compact one short."""

from __future__ import annotations

import json

import pytest
from jinja2 import UndefinedError

from pipeline.errors import InputError
from pipeline.rollout import prompts
from pipeline.rollout.environment import SENTINEL
from pipeline.rollout.observation import observe
from pipeline.rollout.tools import tool_set

MACHINE = {"system": "Linux", "release": "6", "version": "1", "machine": "x86_64"}


@pytest.mark.parametrize("name", prompts.PROMPTS)
@pytest.mark.parametrize("tools", ["bash", "editor"])
def test_every_prompt_says_the_task_the_tools_and_how_to_submit(name: str, tools: str) -> None:
    texts, named = prompts.load(name), tool_set(tools).named
    system = texts.system.render(named=named, **MACHINE)
    instance = texts.instance.render(task="Fix {{ it }}", named=named, **MACHINE)
    assert "Fix {{ it }}" in instance, "a task is text and never a template"
    assert named in system + instance
    for text in (
        instance,
        texts.nearly_full.render(),
        texts.format_error.render(error="E", finish_reason="stop", has_tool_calls=False, named=named),
    ):
        assert f"echo {SENTINEL}" in text


def test_the_compact_prompt_is_short() -> None:
    texts = prompts.load("compact")
    frame = texts.system.render(named="bash tool") + texts.instance.render(task="", named="bash tool")
    assert len(frame) < 700, "about 4 characters to a token: under 200 tokens"
    observation = texts.observation.render(output=observe(b"ok\n", 3, 0).template_vars())
    assert observation == '{"returncode": 0, "output": "ok\\n"}'
    assert texts.observation_characters <= 4000


def test_the_compact_observation_leaves_code_as_it_is() -> None:
    code = "if a < b and c > 'd': é"
    output = observe(code.encode(), len(code.encode()), 0).template_vars()
    assert code in prompts.load("compact").observation.render(output=output)
    assert json.loads(prompts.load("mini").observation.render(output=output))["output"] == code


def test_a_missing_variable_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        prompts.load("mini").instance.render(task="x")


def test_an_unknown_prompt_names_the_known() -> None:
    with pytest.raises(InputError, match="choose one of mini, compact"):
        prompts.load("haiku")


def test_prompts_are_compiled_once() -> None:
    assert prompts.load("mini") is prompts.load("mini")
