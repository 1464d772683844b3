"""Does a description give the change away? (pure)"""

from __future__ import annotations

import re

_DIFF = re.compile(r"^(?:diff --git |@@ |\+\+\+ |--- [ab]/)", re.MULTILINE)
_SHORT = 8
"""Characters: a shorter line (``else:``, ``return x``) may well be said by chance."""
_LONG = 24
"""Characters: a line of this length is looked for inside of sentences too."""


def leaked_line(description: str, patch: str) -> str | None:
    """A line that the patch adds and the description shows, or the head of a diff; None when there is neither.

    White space and Markdown quoting do not matter. Lines that the patch also removes were there before.
    """
    head = _DIFF.search(description)
    if head:
        return head.group().strip()
    said = {_plain(line.strip(" \t`>*-+")) for line in description.splitlines()}
    whole = _plain(description)
    for line in _added(patch):
        if line in said or (len(line) >= _LONG and line in whole):
            return line
    return None


def _added(patch: str) -> list[str]:
    rows = [row for row in patch.splitlines() if not row.startswith(("+++ ", "--- "))]
    removed = {_plain(row[1:]) for row in rows if row.startswith("-")}
    added = [_plain(row[1:]) for row in rows if row.startswith("+")]
    return [line for line in added if len(line) >= _SHORT and line not in removed]


def _plain(line: str) -> str:
    return " ".join(line.split())
