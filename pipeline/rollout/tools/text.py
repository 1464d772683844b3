"""Edits and views of a text. Pure: lines are counted from 1, line ends are kept as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTEXT = 4
"""Lines shown before and after an edit."""


class EditError(ValueError):
    """The edit does not fit the text; the message is for the model."""


def lines_of(text: str) -> list[str]:
    r"""Lines with their ends; only \n ends a line, as in every tool that counts lines."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def numbered(text: str, span: Sequence[int] | None = None) -> str:
    """``text`` (or its lines ``span``: first and last, -1 is the end) as ``cat -n`` shows it. Raises EditError."""
    lines = lines_of(text)
    first, last = span or (1, -1)
    last = len(lines) if last == -1 else min(last, len(lines))
    if lines and not 1 <= first <= last:
        raise EditError(f"has {len(lines)} lines; a range from {first} to {last} is none of them")
    return "".join(f"{number:6}\t{lines[number - 1]}" for number in range(first, last + 1))


def replace(text: str, old: str, new: str) -> tuple[str, int]:
    r"""``text`` with the one occurrence of ``old`` replaced, and the line it begins on.

    In a file with \r\n ends a multi-line ``old`` is found too: views show \n, so the model sends \n.
    Raises EditError unless ``old`` occurs exactly once.
    """
    if old not in text and "\r\n" in text:
        old, new = _with_crlf(old), _with_crlf(new)
    found = text.count(old) if old else 0
    if found != 1:
        lines = [str(_line(text, match.start())) for match in re.finditer(re.escape(old), text)] if old else []
        where = f" (on lines {', '.join(lines[:10])}); give more of the text around it" if lines else ""
        raise EditError(f"old_str must occur exactly once and occurs {found} times{where}")
    at = text.index(old)
    return text[:at] + new + text[at + len(old) :], _line(text, at)


def insert(text: str, after_line: int, new: str) -> str:
    """``text`` with ``new`` as whole lines after ``after_line`` (0: at the start). Raises EditError."""
    lines = lines_of(text)
    if not 0 <= after_line <= len(lines):
        raise EditError(f"has {len(lines)} lines; insert_line {after_line} is none of them")
    end = "\r\n" if "\r\n" in text else "\n"
    new = _with_crlf(new) if end == "\r\n" else new
    if after_line and not lines[after_line - 1].endswith("\n"):
        return text + end + new  # the last line had no end and the new last line gets none either
    return "".join([*lines[:after_line], new if new.endswith("\n") else new + end, *lines[after_line:]])


def around(text: str, line: int, new: str) -> str:
    """The lines of an edit and a few beside them, numbered."""
    lines = lines_of(text)
    last = min(len(lines), line + new.count("\n") + _CONTEXT)
    return numbered(text, (max(1, min(line, len(lines)) - _CONTEXT), last)) if lines else ""


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _with_crlf(text: str) -> str:
    return re.sub(r"\r?\n", "\r\n", text)
