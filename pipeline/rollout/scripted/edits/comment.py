"""A comment above the first statement of weight inside the function."""

from __future__ import annotations

import re

from pipeline.rollout.scripted.code import Code, Edit
from pipeline.rollout.scripted.edits.words import words
from pipeline.rollout.scripted.languages import comment

_WEIGHTY = {
    "loop": r"\s*(?:async )?for(?:each)?\b|\s*[\w@.]+\.each\b.* do\b",
    "wait": r"\s*(?:while|until|loop)\b",
    "attempt": r"\s*(?:try|begin)\b",
    "test": r"\s*(?:if|unless|switch|match|case|when)\b",
    "result": r"\s*return\b",
}
_REASONS = {
    "loop": ("Each item is handled on its own", "One item at a time"),
    "wait": ("Go on until there is nothing left to do", "Repeat until done"),
    "attempt": ("This may fail, and the caller should not have to know how", "Failing here is expected"),
    "test": ("This case needs a treatment of its own", "A special case"),
    "result": ("What the caller gets", "The outcome"),
}

_LINES_ARE_STATEMENTS = ("ruby", "kotlin", "shell")
_GOES_ON = r"(?:[,\\(\[|&.+*/=<>?:-]|\b(?:and|or|not|in))$"
"""The end of a line that the next one belongs to."""


def offer(code: Code, target: str | None, variant: int) -> Edit | None:
    """Comment on ``target`` (loop, test, ...), or on the first such statement without a comment."""
    sites = _sites(code)
    if variant == 2:
        sites = [site for site in sites if site[0] != target]
    named = [site for site in sites if site[0] == target] or sites
    if not named:
        return None
    kind, number = named[0]
    line = code.line(number)
    margin = line[: len(line) - len(line.lstrip())]
    text = f"{_REASONS[kind][variant == 1]} ({' '.join(words(code.name)) or code.name})."
    thought = f"The reader is not told what the {kind} is for. I say it."
    return Edit("comment", kind, thought, number, number - 1, (margin + comment(code.language, text),))


def _sites(code: Code) -> list[tuple[str, int]]:
    """Statements of weight at the level of the body, where a line can be put above for certain."""
    found = []
    for number in range(code.body, code.first + len(code.lines)):
        line, before = code.line(number), code.line(number - 1).strip()
        if not re.match(rf"{code.indent}\S", line) or re.match(r"#|//|\*|/\*|@", before) or before.endswith("\\"):
            continue
        kind = next((kind for kind, pattern in _WEIGHTY.items() if re.match(pattern, line)), None)
        if kind is not None and _begins_statement(code, number):
            found.append((kind, number))
    return found


def _begins_statement(code: Code, number: int) -> bool:
    """False inside a text over several lines, which may look like code."""
    before = code.line(number - 1).strip()
    if code.language in _LINES_ARE_STATEMENTS:
        return number == code.body or re.search(_GOES_ON, before) is None
    if code.tree is None:
        return before[-1:] in ("{", "}", ";", "")
    return any(statement.lineno == number - code.first + 1 for statement in code.tree.body)
