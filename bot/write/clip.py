"""The text of a comment as it is sent: short enough, whole in its markup, and with its hidden marker. Pure."""

from __future__ import annotations

import re

MOST_CHARACTERS = 60_000
"""GitHub refuses more than 65,536."""

_NOTE = "*The rest was cut: a comment can hold no more.*"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")


def marker(key: str) -> str:
    """The hidden line by which a comment of ours is found again. Raises ValueError for a key that could end it."""
    if not _KEY.fullmatch(key) or "--" in key:
        raise ValueError(f"{key!r} cannot be a key: letters, digits and ._:/@- only, no --")
    return f"<!-- switchover:{key} -->"


def clipped(text: str, key: str) -> str:
    """``text`` with its marker at the end, MOST_CHARACTERS at most; cut between lines where that is possible."""
    ending = f"\n\n{marker(key)}"
    if len(text) + len(ending) <= MOST_CHARACTERS:
        return text.rstrip() + ending
    ending = f"\n\n{_NOTE}{ending}"
    kept = _cut(text, MOST_CHARACTERS - len(ending) - 100)
    fence = _open_fence(kept)
    return f"{kept}\n{fence}{ending}" if fence else kept + ending


def _cut(text: str, most: int) -> str:
    kept = text[:most]
    line_end = kept.rfind("\n")
    return (kept[:line_end] if line_end > most * 0.9 else kept).rstrip()


def _open_fence(text: str) -> str:
    """The fence that would close the code block in which ``text`` ends; "" outside of one."""
    fence = ""
    for line in text.splitlines():
        found = _FENCE.fullmatch(line)
        if not found:
            continue
        if not fence:
            fence = found[1]
        elif found[1][0] == fence[0] and len(found[1]) >= len(fence) and not found[2].strip():
            fence = ""
    return fence if len(fence) <= 90 else ""
