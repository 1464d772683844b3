"""The comment of one pull request and the short report."""

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decide import judge, trace
from pipeline.report import comment, markdown
from pipeline.report.comment import LIMIT, MARKER
from pipeline.report.view import pull_views
from pipeline.types import Evaluation
from tests.decide.rows import duel, duels, row
from tests.report.stories import HOSTILE_PATCH, story


def comment_on(rows: list[Evaluation], index: int = 0) -> str:
    return comment(pull_views(rows)[index], judge(rows))


def outside_of_fences(text: str) -> str:
    """What Markdown would interpret: everything but the code blocks."""
    kept, fence = [], ""
    for line in text.split("\n"):
        found = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif found:
            fence = found[0]
        else:
            kept.append(line)
    assert not fence, "a fence is left open"
    return "\n".join(kept)


def test_ten_seconds_of_reading() -> None:
    text = comment_on([*duel(7, 0.81, 0.5), row(7, "base", 0.25)])
    assert text.startswith(MARKER + "\n")
    assert "| own | 0.81 | $0.20 | 30 s |" in text
    assert "| base | 0.25 | $0.20 | 30 s |" in text
    assert "| frontier | 0.50 | $2.00 | 30 s |" in text
    assert "**Switchover: collecting.** Own is 31 points ahead" in text
    assert len(text.split("<details>")[0].split()) < 120


def test_failures_and_what_was_not_run_are_said() -> None:
    text = comment_on(duel(7, 0.0, 0.5, own_exit="time_limit"))
    assert "| own | 0.00 (time limit) |" in text and "| base | not run | – | – |" in text
    assert "| own | void (error) |" in comment_on(duel(7, 0.0, 0.5, own_exit="error"))


def test_labels() -> None:
    assert "**Scripted stand-in:** own and frontier" in comment_on(story(3, scripted=True))
    assert "Backtest: merged before the adapter was made" in comment_on(duel(7, 0.5, 0.5, backtest=True))


def test_hostile_patches_stay_inside_their_fences() -> None:
    rows = [dataclasses.replace(r, patch=HOSTILE_PATCH, title="@octocat <b>") for r in duel(7, 1.0, 0.0)]
    text = comment_on(rows)
    plain = outside_of_fences(text)
    assert "octocat" in text and "octocat" not in plain and "evil.example" not in plain
    assert re.findall(r"<[^>]*>", plain).count("<details>") == 2
    assert set(re.findall(r"</?(\w+)", plain)) == {"sub", "details", "summary"}
    assert "\u202e" not in text and "\x1b" not in text


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="`~<>@#!-\n |ab/", max_size=200))
def test_no_patch_can_break_out(patch: str) -> None:
    rows = [dataclasses.replace(r, patch=patch + "x") for r in duel(7, 1.0, 0.0)]
    assert set(re.findall(r"</?(\w+)", outside_of_fences(comment_on(rows)))) == {"sub", "details", "summary"}


@pytest.mark.parametrize("letter", ["a", "é", "漢", "😀"])
@pytest.mark.parametrize("attempts", [1, 3, 30])
def test_the_limit_holds_in_bytes_for_every_script(letter: str, attempts: int) -> None:
    patch = "\n".join("+" + letter * 250 for _ in range(400))
    rows = [row(7, "own", 1.0, attempt=k, patch=patch) for k in range(attempts)] + [row(7, "frontier", 0.0)]
    text = comment_on(rows)
    assert len(text.encode()) <= LIMIT and "more lines are not shown" in text
    outside_of_fences(text)


def test_the_same_input_gives_the_same_comment() -> None:
    assert comment_on(story(30)) == comment_on(story(30))


def test_the_short_report_says_the_same_as_the_page() -> None:
    rows = story(60)
    text = markdown(rows, judge(rows), list(trace(rows)), title="acme/gateway")
    assert text.startswith("# acme/gateway: ")
    for heading in ("## The models side by side", "## Pull requests", "## Epochs"):
        assert heading in text
    assert "<script>" not in text.replace("\\<", "") and not re.search(r"(?<!\\)\]\(|@\w", text)
    tables = [line.count(" | ") for line in text.split("\n") if line.startswith("| `")]
    assert len(tables) == 60 and len(set(tables)) == 1, "a title has broken its table"


def test_the_short_report_of_nothing() -> None:
    assert "training" in markdown([], judge([]), [], title="o/n")


def test_a_long_table_is_cut_and_said() -> None:
    rows = duels([0.1] * 1030)
    assert "30 older ones are in the records." in markdown(rows, judge(rows), list(trace(rows)), title="o/n")


def test_a_difference_that_rounds_to_nothing_has_no_minus() -> None:
    rows = duel(1, 0.5, 0.503)
    text = markdown(rows, judge(rows), list(trace(rows)), title="o/n")
    assert "| +0.00 |" in text and "-0.00" not in text
