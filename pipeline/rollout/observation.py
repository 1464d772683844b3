"""What a command printed, as the model may see it. Pure.

Terminal controls and bidirectional overrides become visible text, so that an output can neither
repaint a reader's terminal nor hide what it says; long outputs keep their head and their tail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without \t and \n, DEL, C1
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"  # marks and overrides of direction, no-width
)


@dataclass(frozen=True)
class Observation:
    """The result of one tool call."""

    text: str
    """All of it, or its head where it was cut."""
    tail: str
    """"" unless it was cut."""
    elided: int | None
    """Characters left out between ``text`` and ``tail`` (bytes, where the sandbox kept only head and tail);
    None when nothing was cut. 0 is possible, as in mini-swe-agent: a text of exactly the limit."""
    exit_code: int
    note: str
    """Why the command did not end by itself; "" when it did."""

    def template_vars(self) -> dict[str, object]:
        """The ``output`` of the observation template, under the names that mini-swe-agent gives."""
        return {
            "returncode": self.exit_code,
            "output": self.text,
            "output_tail": self.tail,
            "elided_chars": self.elided,
            "exception_info": self.note,
        }


def visible(text: str) -> str:
    r"""``text`` with hidden characters as ``\x1b`` or ``\u202e``; \r\n becomes \n, \n and \t stay."""
    return _HIDDEN.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def observe(output: bytes, written: int, exit_code: int, note: str = "", limit: int = 10_000) -> Observation:
    """``output`` (bytes, UTF-8 or not) cut to ``limit`` characters, half head and half tail.

    ``written`` is the number of bytes that the command wrote, of which ``output`` may hold only head and tail.
    """
    text = visible(output.decode("utf-8", "replace"))
    dropped = max(0, written - len(output))
    if len(text) < limit and not dropped:
        return Observation(text, "", None, exit_code, note)
    half = limit // 2
    elided = max(0, len(text) - 2 * half) + dropped
    return Observation(text[:half], text[-half:], elided, exit_code, note)
