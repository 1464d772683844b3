"""The texts that an agent is given: one YAML file each, read and compiled once."""

from __future__ import annotations

import functools
import importlib.resources
import json
from dataclasses import dataclass
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template

from pipeline.errors import InputError

PROMPTS = ("mini", "compact")
"""mini: mini-swe-agent's own words. compact: the same rules in few tokens, for small models."""


@dataclass(frozen=True)
class Prompts:
    """Compiled templates: compiling one costs more than a whole step of the loop."""

    system: Template
    instance: Template
    """Variables: task; named (how the tools are called); system, release, version, machine."""
    observation: Template
    """Variable: output (returncode, output, output_tail, elided_chars, exception_info)."""
    format_error: Template
    """Variables: error, finish_reason, has_tool_calls, named."""
    nearly_full: Template
    observation_characters: int
    """Longest result of one command that is shown whole."""


@functools.cache
def load(name: str) -> Prompts:
    """The prompts called ``name``. Raises InputError for an unknown one."""
    if name not in PROMPTS:
        raise InputError(f"prompt: {name!r} is not known; choose one of {', '.join(PROMPTS)}")
    text = (importlib.resources.files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    characters = values.pop("observation_characters")
    return Prompts(
        **{key.removesuffix("_template"): _environment().from_string(value) for key, value in values.items()},
        observation_characters=characters,
    )


def _environment() -> Environment:
    # Prompts are not HTML, and jinja2.Template, whose results this must equal, does not escape either.
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701
    environment.filters["plain_json"] = _plain_json
    return environment


def _plain_json(value: Any) -> str:
    """JSON without the escapes for HTML that ``tojson`` adds: a quote of code costs one token, not six."""
    return json.dumps(value, ensure_ascii=False)
