"""Take secrets and personal data out of texts before they are stored. Pure.

Covered: tokens with a known shape, private keys, passwords in URLs, headers, commands and after
labels, e-mail addresses, telephone numbers, public IP addresses, payment cards, bank accounts. Not
covered: names, and secrets without shape or label (docs/redaction.md lists both). A patch is never
redacted: it must stay the patch.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from pipeline.collect.redact.detectors import library_spans
from pipeline.collect.redact.labels import label_rules
from pipeline.collect.redact.people import people_rules
from pipeline.collect.redact.places import place_rules
from pipeline.collect.redact.rules import Rule, Text
from pipeline.collect.redact.tokens import token_rules

__all__ = ["redact"]

PASSES = 8
"""A mark may bare what the text around it hid, so one look is not enough. Only a text made for it needs so many."""

_MARK = re.compile(r"\[redacted:[a-z_]+\]")

Span = tuple[int, int, str]
"""Start, end and kind."""


def redact(text: str, counts: Counter[str] | None = None) -> str:
    """``text`` with each secret replaced by ``[redacted:KIND]``; ``counts`` is added to, by kind.

    Redacting twice changes nothing more. The time taken is linear in the text, whatever is in it.
    """
    for _ in range(PASSES):
        spans = _apart(text, _found(text))
        if not spans:
            break
        text = _marked(text, spans)
        if counts is not None:
            counts.update(kind for _, _, kind in spans)
    return text


def _found(text: str) -> Iterator[Span]:
    seen = Text(text)
    for rule in _rules():
        for start, end in rule.find(seen):
            yield start, end, rule.kind
    for start, end in library_spans(seen):
        yield start, end, "token"


def _apart(text: str, spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap neither each other nor an earlier mark; the first wins, of two at one place the longer."""
    walls = [mark.span() for mark in _MARK.finditer(text)]
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        after = bisect(walls, (span[1],))
        hits_wall = after > 0 and walls[after - 1][1] > span[0]
        if not hits_wall and (not kept or kept[-1][1] <= span[0]):
            kept.append(span)
    return kept


def _marked(text: str, spans: Iterable[Span]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, kind in spans:
        parts += text[done:start], f"[redacted:{kind}]"
        done = end
    return "".join((*parts, text[done:]))


@cache
def _rules() -> tuple[Rule, ...]:
    """Compiled at the first text, not at import: the command line must start fast."""
    return (*token_rules(), *place_rules(), *label_rules(), *people_rules())
