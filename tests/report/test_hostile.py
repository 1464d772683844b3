"""Hostile texts in every place where the product shows them: nothing acts, and the structure stays as it is."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.handle import answers
from bot.handle.standing import Known
from bot.transition import texts
from pipeline.decide import judge, trace
from pipeline.decide.options import Options
from pipeline.report import comment, markdown, page
from pipeline.report.comment import LIMIT, check_text
from pipeline.report.digest import Week, digest
from pipeline.report.issue import issue
from pipeline.report.transition import judged
from pipeline.report.view import pull_views
from pipeline.settings import DecideConfig
from pipeline.types import Evaluation, Opinion
from tests.decide.rows import duel
from tests.report.forge_view import COMMANDS, HIDDEN, Seen, acting, parsed, seen
from tests.report.hostile import HOSTILE, harmless

SHOWS: dict[str, Callable[[str], str]] = {
    "comment": lambda text: comment(pull_views(*world(text))[0], judge(rows(text)), asks=True),
    "check run": lambda text: check_text(pull_views(*world(text))[0], judge(rows(text))).summary,
    "digest": lambda text: digest(pull_views(*world(text)), judge(rows(text)), Week(datetime.date(2026, 1, 5))),
    "report.md": lambda text: report(text),
    "issue": lambda text: (
        issue(judged(rows(text[:200]), settings=DecideConfig(), options=Options(), repo=text[:200])).body
    ),
    "news": lambda text: texts.news({"state": "drifted", "reasons": [f"switch_back: {text}"], "at": text}),
    "pull request of a route": lambda text: texts.pull(
        {"state": "ready", "sentence": text, "at": text, "evaluations_sha256": "0" * 64}, "own", text, None
    ),
    "answer": lambda text: answers.usage(text) + answers.why(Known(None, False, 0, "bot", text, ())),
}
"""Each place, from the text to the Markdown that is posted or printed."""


def rows(text: str) -> list[Evaluation]:
    """Everything that a model, a pull request or a forged artifact can put a text into."""
    mine = {"own_adapter": text[:200] or None, "own_model": text or "m", "frontier_model": text or "m"}
    return [
        replace(
            row, patch=f"diff --git a/x b/x\n+{text}\n{text}\n {text}", title=text, marks=(text,), cheat_marks=(text,)
        )
        for number in (1, 2)
        for row in duel(number, 0.5, 0.25, **mine)
    ]


def world(text: str) -> tuple[list[Evaluation], list[Opinion]]:
    return rows(text), [Opinion("o/n", number, "unfair", text, "2026-01-01T00:00:00Z") for number in (1, 2)]


def report(text: str) -> str:
    made = rows(text)
    return markdown(made, judge(made), list(trace(made)), title=text, opinions=world(text)[1])


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("place", SHOWS)
def test_in_markdown_it_is_shown_and_does_nothing(place: str, text: str) -> None:
    shown = SHOWS[place](text)
    shown.encode("utf-8", "strict")
    made, plain = seen(shown), seen(SHOWS[place](harmless(text)))
    assert made.tags == plain.tags, "the structure has changed"
    assert [hit for hit in acting(made) if hit not in acting(plain)] == []
    assert not COMMANDS.search(shown), "a runner would obey it"
    assert not HIDDEN.search(shown), "something in it does not show"
    assert len(shown.encode()) <= LIMIT


def test_there_are_enough_of_them_and_a_careless_place_would_let_them_act() -> None:
    assert len(HOSTILE) >= 40
    places = ("{0}\n\nx {0} y", "| a | b |\n|---|---|\n| {0} | b |", "<!-- {0} -->")
    dull = {name for name, text in HOSTILE.items() if not any(_acts(text, place) for place in places)}
    only_elsewhere = {"end of a comment", "cell", "row", "deep", "template", "shell", "attribute"}
    assert dull <= {"look-alikes", "long word", "lone surrogate"} | only_elsewhere


def _acts(text: str, place: str) -> bool:
    """As Markdown that nobody has made inert."""
    sound = text.replace("\ud800", "?")
    try:
        made = seen(place.format(sound))
    except AssertionError:
        return True
    changed = made.tags != seen(place.format(harmless(sound))).tags
    return bool(changed or acting(made) or COMMANDS.search(text) or HIDDEN.search(text))


def test_in_the_page_all_of_them_are_text() -> None:
    source, plain_source = _page(lambda text: text), _page(harmless)
    made, plain = parsed(source), parsed(plain_source)
    assert _names(made) == _names(plain) and _links(made) == _links(plain)
    assert "img" not in _names(made) and _names(made).count("script") == 1
    assert not any(tag.startswith("a ") and "://" in tag for tag in made.tags)
    assert not HIDDEN.search(source)


def _page(change: Callable[[str], str]) -> str:
    """A pull request for each of them."""
    made = [
        replace(row, number=n, model=f"{row.model[:100]}{n}", adapter=None, title=f"fix: {row.title}")
        for n, text in enumerate(HOSTILE.values())
        for row in rows(change(text))[:2]
    ]
    said = [Opinion("o/n", n, "unfair", change(text), "2026") for n, text in enumerate(HOSTILE.values())]
    return page(made, judge(made), list(trace(made)), title=change(HOSTILE["script"]), sha256="0" * 64, opinions=said)


def _names(made: Seen) -> list[str]:
    return [tag.split()[0] for tag in made.tags]


def _links(made: Seen) -> list[str]:
    return [tag for tag in made.tags if tag.startswith("a ")]


@pytest.mark.parametrize("name", ["command of a runner", "mask", "stop", "command of an old runner"])
def test_a_job_that_prints_the_summary_gives_no_command(name: str) -> None:
    lines = report(HOSTILE[name]).split(os.linesep)
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
