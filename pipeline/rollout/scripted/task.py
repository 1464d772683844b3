"""What a task text names: a file, a function, other identifiers, and a hint of what to change."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.rollout.scripted.languages import LANGUAGES
from pipeline.rollout.scripted.symptoms import Hint, hint_in

_SUFFIXES = "|".join(sorted((suffix[1:] for suffix in LANGUAGES), key=len, reverse=True))
_PATH = re.compile(rf"(?<![\w/.:-])((?:[\w.@+-]+/)*[\w.@+-]+\.(?:{_SUFFIXES}))(?![\w/])")
_QUOTED = re.compile(r"`([A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$][\w$]*)*[?!]?)(?:\([^`]*\))?`")
_TRACE = re.compile(r'File "[^"]*?([\w./-]+\.py)", line \d+, in (\w+)')
_WORD = re.compile(r"\b([A-Za-z]+(?:_[A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+)\b")
_CALL = re.compile(r"\b([a-zA-Z_]\w{2,})\(")


@dataclass(frozen=True)
class Task:
    """What the scripted model understood of a task."""

    text: str
    path: str | None
    """Relative path of the file named first; None when there is none."""
    names: tuple[str, ...]
    """Identifiers by how likely they name the function to change; qualified names stay whole."""
    hint: Hint | None
    """The kind of change that the text asks for, when it uses one of our symptom phrases."""


def understand(text: str) -> Task:
    """Read a task text."""
    paths = [found for found in _PATH.findall(text) if not found.startswith(("http", "www."))]
    traced = [name for _, name in _TRACE.findall(text)]
    found = [*_QUOTED.findall(text), *reversed(traced), *_CALL.findall(text), *_WORD.findall(text)]
    hint = hint_in(text)
    skipped = {hint.target} if hint else set()
    names = tuple(dict.fromkeys(name for name in found if name not in skipped and name not in paths))
    return Task(text, paths[0].removeprefix("./") if paths else None, names[:8], hint)
