"""Symptoms: how each kind of change is described without giving it away, and read back.

The two directions live in one table so that they cannot drift apart: ``describe`` writes an
issue from it, ``task`` recognises the same phrases in an issue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.rollout.scripted.conversation import draw

_SYMPTOMS = {
    "guard": (
        "`{where}` accepts a missing `{target}` and only fails much later, far from the caller's mistake.",
        "Passing a missing `{target}` to `{where}` leads to an unrelated failure further down.",
    ),
    "early_return": (
        "`{where}` does all of its work even for an empty `{target}`, and what comes out then is an accident.",
        "Calling `{where}` with an empty `{target}` is not handled anywhere.",
    ),
    "error_message": (
        "The error that `{where}` gives does not show the offending `{target}`, so the log does not help.",
        "When `{where}` fails, one cannot see the offending `{target}` in the error.",
    ),
    "rename": (
        "`{where}` is hard to follow because the name `{target}` says nothing about what it holds.",
        "In `{where}` the name `{target}` misleads whoever reads it.",
    ),
    "constant": (
        "`{where}` uses the bare number `{target}`, and nobody can tell what it stands for.",
        "What the bare number `{target}` in `{where}` means can only be guessed.",
    ),
    "docstring": (
        "Nothing says what `{where}` does or what it expects from its caller.",
        "One has to read all of `{where}` to learn what it expects from its caller.",
    ),
    "comment": (
        "Inside `{where}` it is not said why the `{target}` is needed.",
        "Readers of `{where}` stumble over the `{target}` in it, as its purpose is not said.",
    ),
}

_PHRASES = {
    "guard": r"missing `([^`]+)`",
    "early_return": r"empty `([^`]+)`",
    "error_message": r"offending `([^`]+)`",
    "rename": r"the name `([^`]+)`",
    "constant": r"bare number `([^`]+)`",
    "docstring": r"(expects) from its caller",
    "comment": r"why the `([^`]+)` is needed|over the `([^`]+)` in it",
}

_WORDS = {
    "early_return": r"empty|no rows|no items|zero[- ]length|performance|needless|efficien",
    "guard": r"\bNone\b|null|missing|valid|precondition|assum|contract|type|robust|securit|input",
    "error_message": r"\berrors?\b|messages?\b|exception|raise|log|observab|diagnos",
    "rename": r"\bnam(?:e|es|ing)\b|readab|clar|consisten|convention",
    "constant": r"\bnumber|constant|magic|configur|paramet|flexib|limit|timeout|platform",
    "docstring": r"document|docstring|maintain|interface|abstraction|API",
    "comment": r"comment|explain|purpose|complex|order|flow|unclear",
}


@dataclass(frozen=True)
class Hint:
    """A kind of change, and what in the function it is about."""

    kind: str
    target: str


def symptom(hint: Hint, where: str, choice: str) -> str:
    """One sentence that names the symptom of what ``hint`` changes; ``choice`` draws the wording."""
    wordings = _SYMPTOMS[hint.kind]
    return wordings[draw(choice, len(wordings))].format(where=where, target=hint.target)


def hint_in(text: str) -> Hint | None:
    """The hint whose symptom phrase ``text`` uses; None when it uses none."""
    for kind, pattern in _PHRASES.items():
        found = re.search(pattern, text)
        if found:
            return Hint(kind, next(group for group in found.groups() if group))
    return None


def preferred(text: str) -> list[str]:
    """Kinds of change whose subject ``text`` mentions; which comes first is drawn from the text."""
    kinds = [kind for kind, words in _WORDS.items() if re.search(words, text)]
    return rotated(kinds, text)


def rotated(kinds: list[str], text: str) -> list[str]:
    """``kinds`` from a starting point drawn from ``text``."""
    start = draw(text, len(kinds)) if kinds else 0
    return kinds[start:] + kinds[:start]
