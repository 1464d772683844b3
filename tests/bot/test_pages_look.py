"""The style sheet: readable in both schemes, and of one family with the report."""

import re
from importlib import resources

import pytest

from bot.pages.render import CSS

REPORT_CSS = (resources.files("pipeline.report") / "templates/page.css").read_text("utf-8")
SCHEMES = ("light", "dark")
ON_CARD = ("ink", "soft", "own", "good", "bad", "wait", "calm")


def variables(css: str, scheme: str) -> dict[str, str]:
    block = css.split("@media (prefers-color-scheme: dark)")[scheme == "dark"].split("}")[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def contrast(one: str, other: str) -> float:
    """WCAG 2: from 1 to 21."""
    dark, light = sorted(luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out(scheme: str) -> None:
    colours = variables(CSS, scheme)
    pairs = [(name, ground) for name in ON_CARD for ground in ("card", "bg")]
    pairs += [(name, f"{name}-bg") for name in ("good", "bad", "wait", "calm")]
    pairs += [("on-own", "own"), ("on-own", "own-edge"), ("ink", "faint")]
    weak = {pair: round(found, 2) for pair in pairs if (found := contrast(*(colours[name] for name in pair))) < 4.5}
    assert not weak


@pytest.mark.parametrize("scheme", SCHEMES)
def test_report_and_pages_have_the_same_colours(scheme: str) -> None:
    ours, theirs = variables(CSS, scheme), variables(REPORT_CSS, scheme)
    shared = ours.keys() & theirs.keys()
    assert len(shared) >= 14
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


def test_nothing_is_loaded_from_anywhere() -> None:
    assert not re.search(r"url\(|@import|@font-face|https?:", CSS)
