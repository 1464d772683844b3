"""Is a task's text enough to work from? Pure.

A vague task stays one, with a mark, so that results can be read without it.

The kinds of vagueness are those by which others throw tasks out (SWE-rebench's task faults B3 "external link
needed", B7 "needs a picture"; SWE-bench-Live's "too vague"). Words are counted, nothing is asked of a model.
"""

from __future__ import annotations

import re

MARK = "vague_prompt"
"""In ``Task.marks``, and from there in the rows of an evaluation."""

LEAST_WORDS = 8
"""Words below which a text is a headline and not a description."""

LEAST_BESIDE = 15
"""Words that must stand beside a picture or a reference to something that cannot be read here."""

_UNSPACED = "\u3040-\u30ff\u3400-\u9fff"
"""Japanese and Chinese are written without spaces: a character counts as a word."""

_WORD = re.compile(rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}][\w'’-]*")
_PICTURE = re.compile(
    r"!\[[^\]]*\](?:\([^)]*\))?|<img\b|\bscreen-?shots?\b|\bsee (?:the )?(?:image|picture|video|gif)\b", re.IGNORECASE
)
_ELSEWHERE = re.compile(
    r"#\d+\b|https?://\S+|\b(?:as|see|per|from) (?:discussed|above|below|comments?|title|linked)\b"
    r"|\b(?:see|per|from) the (?:issue|thread|discussion)\b|\bfollow[- ]?up (?:to|of|on)\b|\bsame as\b"
    r"|\b(?:part|continuation) of\b|\b(?:re|related to|ref|refs):? ",
    re.IGNORECASE,
)


def vague(text: str) -> str | None:
    """Why ``text`` hardly says what to do: too_short, needs_a_picture or points_elsewhere; None when it does say."""
    words = len(_WORD.findall(_ELSEWHERE.sub(" ", _PICTURE.sub(" ", text))))
    if words < LEAST_WORDS:
        return "too_short"
    if words < LEAST_BESIDE and _PICTURE.search(text):
        return "needs_a_picture"
    if words < LEAST_BESIDE and _ELSEWHERE.search(text):
        return "points_elsewhere"
    return None


def marks(text: str) -> tuple[str, ...]:
    """``vague_prompt`` for a vague text, else nothing."""
    return (MARK,) if vague(text) else ()
