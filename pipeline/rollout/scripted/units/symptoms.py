"""How each change of a unit is described without giving it away, and read back. One table, so that they agree."""

from __future__ import annotations

import re

from pipeline.rollout.scripted.conversation import draw
from pipeline.rollout.scripted.units.edits import OFFERS

_SYMPTOMS = {
    "note": (
        "Nobody can tell what {where} is for without asking around.",
        "I stumbled over {where}: one has to guess what it is for.",
    ),
    "repeatable": (
        "Running {where} a second time ends with an error.",
        "After an interrupted deployment {where} cannot be run a second time.",
    ),
    "described": (
        "The generated overview of settings stays blank for {where}.",
        "{where} leaves whoever has to fill it in alone: the overview of settings says nothing.",
    ),
    "bounded": (
        "When {where} hangs, it hangs for hours and holds up everybody.",
        "A run of {where} hangs now and then, and nothing ends it.",
    ),
    "strict": (
        "{where} reports success although something in the middle failed.",
        "Something failed in the middle of {where}, and it went on as if nothing had happened.",
    ),
}
_PHRASES = {
    "repeatable": r"a second time",
    "described": r"overview of settings",
    "bounded": r"\bhangs\b",
    "strict": r"failed in the middle|in the middle failed",
    "note": r"what it is for|is for without asking",
}
_CHANGE = re.compile(rf"Change \(({'|'.join(OFFERS)}) of `")
_PLACE = re.compile(r"`([^`\n]+)` in `([^`\s]+)`")


def named(text: str) -> tuple[str, str] | None:
    """The first "`NAME` in `PATH`" of a text."""
    found = _PLACE.search(text)
    return (found[1], found[2]) if found else None


def describes_unit(record: str) -> bool:
    """True when ``record`` shows a change of ours and names the unit."""
    return bool(_CHANGE.search(record)) and named(record) is not None


def described(record: str) -> str:
    """The issue for the change that ``record`` shows, with a heading where its example has one."""
    change, place = _CHANGE.search(record), named(record)
    assert change is not None and place is not None, "ask describes_unit first"
    wordings = _SYMPTOMS[change[1]]
    said = wordings[draw(record, len(wordings))].format(where=f"`{place[0]}` in `{place[1]}`")
    example = re.search(r"<example>\n?(.*?)\n?</example>", record, re.DOTALL)
    heading = "# Something to put right\n\n" if example and re.search(r"^#+ ", example[1], re.MULTILINE) else ""
    return f"<output>\n{heading}{said[:1].upper()}{said[1:]}\n</output>"


def kind_in(text: str) -> str | None:
    """The kind of change whose symptom ``text`` describes; None when it describes none."""
    return next((kind for kind, phrase in _PHRASES.items() if re.search(phrase, text)), None)
