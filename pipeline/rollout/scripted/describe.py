"""The description: an issue text that names the symptom and the place, and not the fix."""

from __future__ import annotations

import re
from zlib import crc32

from pipeline.rollout.scripted.edits.words import sentence
from pipeline.rollout.scripted.symptoms import Hint, symptom
from pipeline.rollout.scripted.units import described, describes_unit

_CHANGE = re.compile(r"Change \((\w+) of `([^`]+)`\)")
_EXAMPLE = re.compile(r"<example>\n?(.*?)\n?</example>", re.DOTALL)


def is_asked(text: str) -> bool:
    """True when ``text`` asks for an issue between output tags."""
    return "<output>" in text and re.search(r"\bissue\b", text) is not None


def answer(text: str) -> str:
    """The issue for the change that the record in ``text`` shows, in the shape of the example in it."""
    if describes_unit(text):
        return described(text)
    found = _CHANGE.search(text)
    place = re.search(r"`([^`\s]+)` in `([^`\s]+)`", text)
    if found is None or place is None:
        return "The record shows no change that I could describe."
    name, path = place.groups()
    said = symptom(Hint(found[1], found[2]), name, text)
    return f"<output>\n{_shaped(name, path, said, _EXAMPLE.search(text))}\n</output>"


def _shaped(name: str, path: str, said: str, example: re.Match[str] | None) -> str:
    """With a heading and code where the example has them, in one paragraph where it is short.

    Every other function's file is left for the reader to find, as most people's issues do.
    """
    shown = example.group(1) if example else ""
    where = "" if crc32(f"{path}:{name}".encode()) % 2 else f"This is in `{path}`. "
    code = f"```\n>>> {_leaf(name)}(value)\n```\n\n" if "```" in shown else ""
    if re.search(r"^#+ ", shown, re.MULTILINE):
        return f"# {_title(name)}\n\n{said}\n\n{code}## Where\n\n{where or 'I have not looked for it.'}".rstrip()
    if len(shown) < 200:
        return f"{said} {where}".rstrip()
    return f"{_title(name)}\n\n{said}\n\n{code}{where}I would expect it to be clear and safe to use."


def _leaf(name: str) -> str:
    return re.split(r"[.:#]", name)[-1]


def _title(name: str) -> str:
    return f"{sentence(_leaf(name))}: surprising behaviour"
