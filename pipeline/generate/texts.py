"""The texts that the teacher reads: change types and prompts, from the YAML files beside this one."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources
from string import Template


@dataclass(frozen=True)
class ChangeType:
    """What a teacher is asked to look for."""

    id: str
    """Recorded in every sample."""
    topic: str
    signs: str


@functools.cache
def change_types() -> tuple[ChangeType, ...]:
    """All 51, in the order of the file."""
    import yaml

    return tuple(ChangeType(**row) for row in yaml.safe_load(_read("change_types.yaml")))


@functools.cache
def _templates() -> dict[str, Template]:
    import yaml

    return {name: Template(text) for name, text in yaml.safe_load(_read("prompts.yaml")).items()}


def render(prompt: str, **values: str) -> str:
    """The prompt with its placeholders filled; a missing value raises KeyError."""
    return _templates()[prompt].substitute(values).strip()


def digest() -> str:
    """Hash of both files: another text makes another data set."""
    return hashlib.sha256((_read("change_types.yaml") + _read("prompts.yaml")).encode()).hexdigest()[:16]


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
