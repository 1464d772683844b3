"""Reads a page strictly: every element closed, in order, no attribute or id twice."""

from dataclasses import dataclass
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "hr", "img", "link", "wbr"}


@dataclass(frozen=True)
class Markup:
    """What a page holds."""

    source: str
    text: str
    """What a reader sees, white space as one space."""
    links: tuple[str, ...]
    buttons: list[str]
    """Targets of the links that look like buttons."""
    tags: frozenset[str]


def markup(source: str) -> Markup:
    """Read ``source``. Fails for what is not well-formed."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    assert source.startswith("<!doctype html>\n") and not reader.open, f"not closed: {reader.open}"
    assert len(reader.ids) == len(set(reader.ids)), f"an id twice: {reader.ids}"
    text = " ".join("".join(reader.texts).split())
    return Markup(source, text, tuple(reader.links), reader.buttons, frozenset(reader.tags))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.buttons: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        assert len(given) == len(attributes), f"{tag}: an attribute twice"
        assert not any(name.startswith("on") or name == "style" for name in given), f"{tag}: {attributes}"
        self.tags.add(tag)
        self.ids += [value for name, value in attributes if name == "id" and value]
        if tag == "a":
            self.links.append(given["href"] or "")
            self.buttons += [given["href"] or ""] if given.get("class") == "button" else []
        if tag not in VOID:
            self.open.append(tag)
        self.texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing at {self.getpos()}"
        self.texts.append(" ")

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.texts.append(data)
