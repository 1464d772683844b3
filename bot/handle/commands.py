"""``/switchover WORD`` in a comment: which command it is. Pure.

The grammar is fixed: a line of its own, in the comment's own words. Not in code, quotes or HTML
comments (templates show commands there). The first one counts; there are no arguments but those that
are listed here, and a reason that is only shown, so nothing that somebody writes is ever carried on into
a request, a branch or a shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

WORDS = {
    "status": "what is collected, how far the collection is, and what state it is in",
    "evaluate": "start the workflow that runs every step that is due",
    "why": "on a pull request: whether it was collected, or why not, and its issues",
    "retrain": "start the same workflow, which trains where enough is new",
    "switch own": "open the pull request that sets `serve.route: own`; nothing changes until it is merged",
    "switch frontier": "the same for `frontier`",
    "switch canary=0.1": "the same for `canary=0.1`: a tenth of the work goes to own",
    "fair": "on a pull request that was evaluated: you find its scores fair",
    "unfair": "the same, unfair; why may follow on the line. It is counted and shown, and changes no score",
    "pause": "post and start nothing more here, until `resume`; collecting goes on",
    "resume": "end a pause",
    "help": "this list",
}
"""Each command and what it does."""

SAYINGS = frozenset({"fair", "unfair"})
"""Commands that a reason may follow. It is kept and shown, inert; nothing else is ever done with it."""

MAY = frozenset({"admin", "maintain", "write"})
"""Permissions on the repository that may give commands."""

_LINE = re.compile(r" {0,3}/switchover(?:[ \t]+(?P<words>.*?))?[ \t]*", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<pre\b.*?(?:</pre>|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Command:
    """One of WORDS."""

    word: str
    unknown: str = ""
    """What was written instead of a command, as it was written: foreign text. "" when it is one."""
    reason: str = ""
    """What followed ``fair`` or ``unfair``: foreign text."""

    @property
    def route(self) -> str | None:
        """own, frontier or canary=0.1 of a ``switch``; None of any other."""
        return self.word.removeprefix("switch ") if self.word.startswith("switch ") else None


def parse(text: str) -> Command | None:
    """The first command of a comment, or None. An unknown one is a ``help``."""
    for line in _own_lines(_HIDDEN.sub(" ", text)):
        found = _LINE.fullmatch(line)
        if found:
            said = found["words"] or ""
            word = " ".join(said.lower().split())
            return Command(word) if word in WORDS else _with_reason(said) or Command("help", said)
    return None


def _with_reason(said: str) -> Command | None:
    word, *reason = said.split(maxsplit=1) or [""]
    return Command(word.lower(), reason="".join(reason)) if word.lower() in SAYINGS else None


def _own_lines(text: str) -> Iterator[str]:
    """Lines that are not inside a code fence."""
    fence = ""
    for line in re.split(r"\r\n?|\n", text):  # splitlines() would also split at U+2028 and its like
        found = _FENCE.fullmatch(line)
        if not fence:
            if found:
                fence = found["fence"]
            else:
                yield line
        elif found and found["fence"].startswith(fence) and not found["info"].strip():
            fence = ""
