"""Text that others wrote, made harmless for the place where it is shown.

Titles, patches and model names come from people and models outside; a comment is read by people
whose browser would load an image, follow a link or notify a person for it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PUNCTUATION = re.compile(r"([\\`*_\[\]<>|!~&$#])")
_BREAK = "\u200b"
"""Zero-width space: the forge links @names, #numbers and addresses even where they are escaped."""

_LINKED = re.compile(r"(@|#|://|\bwww\.|\bGH-)", re.IGNORECASE)


def visible(text: str, keep_lines: bool = False) -> str:
    """Control, bidirectional and unpaired surrogate characters replaced by a visible mark.

    Newlines and tabs stay where ``keep_lines``; elsewhere any white space becomes one space.
    """
    text = text.replace("\r\n", "\n") if keep_lines else " ".join(text.split())
    return "".join(_shown(character, keep_lines) for character in text)


def _shown(character: str, keep_lines: bool) -> str:
    if keep_lines and character in "\n\t":
        return character
    hidden = character in _BIDI or unicodedata.category(character) in ("Cc", "Cs")
    return "\N{REPLACEMENT CHARACTER}" if hidden else character


def shortened(text: str, length: int) -> str:
    """At most ``length`` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def inline(text: str, length: int = 120) -> str:
    """One line of Markdown that shows ``text`` literally: no markup, mention, reference, link or image."""
    plain = shortened(visible(text), length)
    broken = _LINKED.sub(lambda found: found[0] + _BREAK, plain)
    return _PUNCTUATION.sub(r"\\\1", broken)


def fenced(text: str, language: str = "") -> str:
    """A Markdown code block around ``text``, its fence longer than any run of backticks inside."""
    body = visible(text, keep_lines=True).rstrip("\n")
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def script_json(value: Any) -> str:
    """JSON that may stand inside an HTML script element: no character of it can end the element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
