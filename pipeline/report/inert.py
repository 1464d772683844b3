"""Text that others wrote, made harmless for the place where it is shown.

Titles, patches and model names come from people and models outside; a comment is read by people
whose browser would load an image, follow a link or notify a person for it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Categories of what does not show: controls, bidirectional and zero-width marks, tags, line separators."""

_JOINERS = frozenset("\u200c\u200d")
"""Some scripts and most emoji are not written right without them."""

_PUNCTUATION = re.compile(r"([\\`*_\[\]<>|!~&$#])")
_BREAK = "\u200b"
"""Zero-width space: the forge links @names, #numbers and addresses even where they are escaped."""

_ACTS = re.compile(
    r"""
      (?<=@) | (?<=\#) | (?<=\$)               # people and teams, issues, formulas
    | (?<=:)(?=//) | (?<=\bwww)(?=\.)         # addresses; behind the slashes it would be part of the host, and nothing
    | (?<=:)(?=:) | (?<=:)(?=[\w+-]+(?::|$))  # commands to a runner, names of emoji
    | (?<=\b[a-z])(?=-\d) | (?<=[a-z][a-z])(?=-\d) | (?<=\bGHSA)(?=-)   # GH-1, CVE-1, references of the team's own
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Places where a break keeps the forge from making a link, a mention, a picture or a command of a text."""

_COMMIT = re.compile(r"\b[0-9a-f]{7,}\b")
"""As few as seven digits name a commit: no more than six stay together."""

_COMMAND = re.compile(r"^(\s*:)(?=:)|(##)(?=\[)", re.MULTILINE)
"""What a runner would take for a command where the text is printed into its log."""


def visible(text: str, keep_lines: bool = False) -> str:
    """Characters that do not show (controls, bidirectional and zero-width ones, lone surrogates) as a visible mark.

    Newlines and tabs stay where ``keep_lines``; elsewhere any white space becomes one space.
    """
    text = text.replace("\r\n", "\n") if keep_lines else " ".join(text.split())
    return "".join(_shown(character, keep_lines) for character in text)


def _shown(character: str, keep_lines: bool) -> str:
    if keep_lines and character in "\n\t":
        return character
    hidden = unicodedata.category(character) in _HIDDEN and character not in _JOINERS
    return "\N{REPLACEMENT CHARACTER}" if hidden else character


def shortened(text: str, length: int) -> str:
    """At most ``length`` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def inline(text: str, length: int = 120) -> str:
    """One line of Markdown that shows ``text`` literally: no markup, mention, reference, link or image."""
    plain = shortened(visible(text), length)
    broken = _COMMIT.sub(lambda found: _BREAK.join(re.findall(".{1,6}", found[0])), _ACTS.sub(_BREAK, plain))
    return _PUNCTUATION.sub(r"\\\1", broken)


def fenced(text: str, language: str = "") -> str:
    """A Markdown code block around ``text``, its fence longer than any run of backticks inside."""
    body = _COMMAND.sub(lambda found: found[0] + _BREAK, visible(text, keep_lines=True).rstrip("\n"))
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def script_json(value: Any) -> str:
    """JSON that may stand inside an HTML script element: no character of it can end the element."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
