"""Ruby and shell: where a function ends is told by the margin at which its ``end`` or ``}`` stands.

Neither can be scanned for pairs of brackets (here-documents, ``case`` patterns, modifiers), but
people indent both, and what is not indented is declined.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.rollout.scripted.parameters import Parameter, split

_RUBY_TEXT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|#[^\n]*')
_POSITION = re.compile(r"^\s+(?:local\s+|readonly\s+)*(\w+)=\"?\$\{?([1-9])\b")


@dataclass(frozen=True)
class Extent:
    """Which of the lines on view are the function."""

    body: int
    """Index of the first line of the body."""
    rows: int
    """How many lines, from the first."""
    parameters: tuple[Parameter, ...]
    """In a shell function what is assigned from ``$1`` and so on, with that as its type."""
    complete: bool


def extent(language: str, seen: Sequence[str]) -> Extent | None:
    """The function whose definition is ``seen[0]``; None for one on a single line, or one that is not indented."""
    head = _ruby_head(seen) if language == "ruby" else _shell_head(seen)
    if head is None:
        return None
    body, parameters = head
    margin = re.match(r"\s*", seen[0]).group()  # type: ignore[union-attr]
    close = re.compile(re.escape(margin) + (r"end\b" if language == "ruby" else r"\}(?:\s|$)"))
    end = next((row for row in range(body, len(seen)) if close.match(seen[row])), None)
    inside = seen[body:end]
    if not any(line.strip() for line in inside) or not all(_is_inside(line, margin) for line in inside[:1]):
        return None
    rows = len(seen) if end is None else end + 1
    if language == "shell":
        parameters = tuple(_assigned(inside))
    return Extent(body, rows, parameters, end is not None)


def _is_inside(line: str, margin: str) -> bool:
    return line.startswith((f"{margin} ", f"{margin}\t"))


def _ruby_head(seen: Sequence[str]) -> tuple[int, tuple[Parameter, ...]] | None:
    """Row of the body and the parameters; None for ``def f = 1`` and ``def f; 1; end``."""
    blank = _RUBY_TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), "\n".join(seen))
    opened = re.match(r"\s*(?:\w+\s+)?def\s+[\w.]+[?!]?(\()?", blank)
    if opened is None:
        return None
    start = end = opened.end()
    depth = 1 if opened[1] else 0
    while depth and end < len(blank):
        depth += (blank[end] in "([{") - (blank[end] in ")]}")
        end += 1
    rest = blank[end:].split("\n", 1)[0]
    if depth or (rest.strip() if opened[1] else re.search(r"[=;]", rest)):
        return None
    text = "\n".join(seen)
    listed = text[start : end - 1] if opened[1] else text[start : start + len(rest.rstrip())]
    return blank.count("\n", 0, end) + 1, split(listed, "ruby")


def _shell_head(seen: Sequence[str]) -> tuple[int, tuple[Parameter, ...]] | None:
    for row, line in enumerate(seen[:2]):
        if re.search(r"(?:^|[\s)])\{\s*(?:#.*)?$", line):
            return row + 1, ()
    return None


def _assigned(inside: Sequence[str]) -> list[Parameter]:
    found = [match for line in inside if (match := _POSITION.match(line))]
    return [Parameter(match[1], f"${match[2]}", True) for match in found]
