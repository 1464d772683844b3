"""Parameter lists, Python's apart: names and declared types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A named parameter."""

    name: str
    type: str
    """As it is written; "" when it is not declared."""
    required: bool
    """False when it has a default or is marked optional."""


def split(text: str, language: str) -> tuple[Parameter, ...]:
    """The parameters in ``text``, what stands between the parentheses; odd ones are skipped."""
    parts = [" ".join(part.split()) for part in _commas(text)]
    if language == "go":
        return tuple(_go(parts))
    one = _READERS.get(language, _typed)
    return tuple(found for part in parts if (found := one(part)) is not None)


def _commas(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for index, sign in enumerate(text):
        depth += (sign in "([{<") - (sign in ")]}>" and text[index - 1 : index + 1] not in ("=>", "->"))
        if sign == "," and depth == 0:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _colon(part: str) -> Parameter | None:
    found = re.fullmatch(
        r"(?:(?:public|private|protected|readonly|mut|noinline|crossinline) )*(\w+)(\?)?(?: ?: ?([^=]+?))?( ?=.*)?",
        part,
    )
    if found is None or found[1] in ("self", "this"):
        return None
    return Parameter(found[1], found[3] or "", not found[2] and not found[4])


def _typed(part: str) -> Parameter | None:
    found = re.fullmatch(r"((?:@\w+ )*[\w<>\[\]:?,.& *]+[ *&])(\w+)", part)
    if found is None or found[1].strip() in ("", "const"):
        return None
    return Parameter(found[2], found[1].replace("final ", "").strip(), True)


def _php(part: str) -> Parameter | None:
    found = re.fullmatch(r"(?:(?:public|private|protected|readonly) )*([\w\\?|]+ )?&?\$(\w+)( ?=.*)?", part)
    return Parameter(found[2], (found[1] or "").strip(), not found[3]) if found else None


def _ruby(part: str) -> Parameter | None:
    """Keywords (``name:``) too; not what is splatted, nor blocks."""
    found = re.fullmatch(r"([a-z_]\w*)(?:(:)?|( ?=.*|: .*))", part)
    return Parameter(found[1], "", not found[3]) if found else None


_READERS = {"rust": _colon, "typescript": _colon, "javascript": _colon, "kotlin": _colon, "php": _php, "ruby": _ruby}


def _go(parts: list[str]) -> Iterator[Parameter]:
    type_ = ""
    found = []
    for part in reversed(parts):  # in "a, b int" the type stands with the last
        name, _, own = part.partition(" ")
        type_ = own or type_
        if name.isidentifier() and name != "_" and type_:
            found.append(Parameter(name, type_, True))
    yield from reversed(found)
