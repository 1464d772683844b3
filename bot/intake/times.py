"""Times in what came from a runner."""

from __future__ import annotations

import datetime
import re

_FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z")


def is_time(text: str) -> bool:
    """Whether ``text`` is a moment that exists, as ISO 8601 in UTC with a Z. Such texts sort by time to the second;
    within one, a fraction sorts before none."""
    if not _FORM.fullmatch(text):
        return False
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
