"""The self-check question: did the attempt make a sensible change? Yes or no."""

from __future__ import annotations

import re

from pipeline.rollout.scripted.conversation import draw

_ASKED = re.compile(r"<output>\s*yes\s*</output>")
_EDITED = re.compile(r"Change \(\w+ of `")


def is_asked(text: str) -> bool:
    """True when ``text`` asks for yes or no between output tags."""
    return _ASKED.search(text) is not None


def answer(text: str) -> str:
    """Yes when the record holds an edit; now and then (1 in 12, drawn from the text) a strict no."""
    good = _EDITED.search(text) is not None and draw(text, 12) != 0
    reason = "The change is small and fits the request." if good else "The change does not convince me."
    return f"{reason}\n<output>{'yes' if good else 'no'}</output>"
