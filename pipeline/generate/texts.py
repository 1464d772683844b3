"""The texts that the teacher reads: change types and prompts, from the YAML files beside this one.

``change_types.yaml`` is for functions; each other kind of unit has ``change_types_KIND.yaml``.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template

from pipeline.errors import InputError
from pipeline.generate.functions.kinds import KINDS, asked_for
from pipeline.settings import ChangeTypeConfig


@dataclass(frozen=True)
class ChangeType:
    """What a teacher is asked to look for."""

    id: str
    """Recorded in every sample."""
    topic: str
    signs: str
    kind: str = "function"
    """Kind of unit that it is asked of: function (methods too), section, block, module."""
    languages: tuple[str, ...] = ()
    """Only in these; empty: in all of its kind. An index is for SQL, a health check is not."""


def change_types(
    kind: str = "function", extra: Sequence[ChangeType] = (), *, language: str | None = None
) -> tuple[ChangeType, ...]:
    """All that fit a unit of ``kind`` (51 for functions): the built-in ones in the order of their file, then ``extra``.

    ``language`` None: whatever the language.
    """
    kind = asked_for(kind)
    own = (change for change in extra if change.kind == kind)
    return tuple(
        change
        for change in (*_built_in(kind), *own)
        if language is None or not change.languages or language in change.languages
    )


def own_change_types(configured: Sequence[ChangeTypeConfig]) -> tuple[ChangeType, ...]:
    """The team's own. Raises InputError for an id that is taken or not snake_case, and for an empty text."""
    taken = {change.id: f"comes with Switchover, for {kind}s" for kind in KINDS for change in _built_in(kind)}
    own = []
    for number, row in enumerate(configured, 1):
        where = f"generate.change_types, entry {number}"
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", row.id):
            raise InputError(f"{where}: id {row.id!r} is not snake_case; write it as in 'audit_trail'")
        if row.id in taken:
            raise InputError(f"{where}: id {row.id!r} is taken ({taken[row.id]}); choose another")
        if not row.topic.strip() or not row.signs.strip():
            raise InputError(f'{where}: {row.id!r} needs a topic ("a problem with ...") and signs ("what we see")')
        taken[row.id] = f"entry {number}"
        own.append(ChangeType(row.id, row.topic.strip(), row.signs.strip().rstrip("."), row.kind))
    return tuple(own)


@functools.cache
def _built_in(kind: str) -> tuple[ChangeType, ...]:
    import yaml

    rows = yaml.safe_load(_read(_file(kind)))
    return tuple(ChangeType(**{**row, "kind": kind, "languages": tuple(row.get("languages", ()))}) for row in rows)


@functools.cache
def _templates() -> dict[str, Template]:
    import yaml

    return {name: Template(text) for name, text in yaml.safe_load(_read("prompts.yaml")).items()}


def render(prompt: str, *, kind: str = "function", **values: str) -> str:
    """The prompt, in its form for ``kind`` where it has one, with its placeholders filled.

    A missing value raises KeyError.
    """
    templates = _templates()
    template = templates.get(f"{prompt}_{asked_for(kind)}") or templates[prompt]
    return template.substitute(values).strip()


def digest(extra: Sequence[ChangeType] = ()) -> str:
    """Hash of all files and of ``extra``: another text makes another data set."""
    files = [_read(_file(kind)) for kind in KINDS] + [_read("prompts.yaml")]
    return hashlib.sha256("\0".join([*files, *map(repr, extra)]).encode()).hexdigest()[:16]


def _file(kind: str) -> str:
    return "change_types.yaml" if kind == "function" else f"change_types_{kind}.yaml"


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
