"""What the forge makes of our Markdown: cmark-gfm, and after it the filters that the forge runs over the result."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

_OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
_VOID = {"br", "hr", "img", "input", "meta", "link"}

FILTERS = {
    "mention": re.compile(r"(?<![\w/`])@[A-Za-z0-9][\w-]*(?:/[\w.-]+)?"),
    "issue": re.compile(r"#\d+|\bGH-\d+", re.IGNORECASE),
    "reference of the team's own": re.compile(r"\b[A-Z]{2,}-\d+\b"),
    "advisory": re.compile(r"\bGHSA-\w{4}|\bCVE-\d{4}", re.IGNORECASE),
    "commit": re.compile(r"\b[0-9a-f]{7,40}\b"),
    "address": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s]|\bwww\.\w|\w@\w", re.IGNORECASE),
    "emoji": re.compile(r":[a-z0-9_+-]+:", re.IGNORECASE),
    "formula": re.compile(r"\$[^\s$\u200b][^$]*[^\s$\u200b]\$(?!\d)|\$`|\$\$"),
}
"""What the forge looks for in text that is not code."""

COMMANDS = re.compile(r"^\s*::|##\[", re.MULTILINE)
"""What a runner obeys where a text is printed into its log."""

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


@dataclass
class Seen:
    """A rendered text."""

    tags: list[str] = field(default_factory=list)
    """Starts and ends in order, with class and href."""
    text: list[str] = field(default_factory=list)
    """Runs of text outside of code."""
    code: list[str] = field(default_factory=list)


def seen(markdown: str) -> Seen:
    """Fails for a text whose elements do not nest."""
    return parsed(cmarkgfm.github_flavored_markdown_to_html(markdown, _OPTIONS))


def parsed(html: str) -> Seen:
    """The same of HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"not closed: {reader.open}"
    return reader.seen


def acting(text: Seen) -> list[tuple[str, str]]:
    """What the forge's filters would turn into something."""
    return [(name, hit) for run in text.text for name, pattern in FILTERS.items() for hit in pattern.findall(run)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = [f"{name}={value}" for name, value in attributes if name not in ("align", "style")]
        self.seen.tags.append(" ".join([tag, *told]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"
        self.seen.tags.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        where = self.seen.code if {"code", "pre"} & set(self.open) else self.seen.text
        where.append(data)
