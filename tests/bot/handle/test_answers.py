"""The texts of answers: whatever stands in the database, they mention nobody, link nothing and show no image."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.handle import answers
from bot.handle.standing import Known, Linked, Standing
from pipeline.report.inert import inline

HOSTILE = st.sampled_from(
    ["@acme/all", "#12", "GH-12", "https://x.example", "![i](http://x)", "<img src=x>", "<!-- switchover:answer:g -->",
     "| a | b |", "```", "\n# x", "[a](b)", "\u202e", "::set-output::", "&lt;", "$x$", "www.x.example"]
)  # fmt: skip
TEXT = st.lists(HOSTILE | st.text(max_size=10), max_size=4).map(" ".join)
NUMBER = st.integers(0, 10**6)
STANDING = st.builds(
    Standing,
    pulls=NUMBER, issues=NUMBER, left_out=st.dictionaries(st.sampled_from(["bot", "backport"]), NUMBER),
    newest=st.none() | st.just("2026-01-01T00:00:00Z"),
    backfill=st.sampled_from(["waiting", "running", "done", "failed"]),
    seen=NUMBER, total=st.none() | NUMBER, dirty=st.booleans(), paused=st.booleans(),
    config_error=st.none() | TEXT, error=st.none() | TEXT,
)  # fmt: skip
KNOWN = st.builds(
    Known,
    merged_at=st.none() | st.just("2026-01-01T00:00:00Z"), derived=st.booleans(), files=NUMBER,
    reason=st.none() | st.sampled_from(["bot", "skipped_label", "new_one"]), detail=st.none() | TEXT,
    links=st.lists(st.builds(Linked, NUMBER, st.booleans(), st.sampled_from(sorted(answers.SOURCES)))).map(tuple),
)  # fmt: skip

MENTION = re.compile(r"(?<![\w`/])@\w|(?<![\w`&])#\d|\bGH-\d|https?://(?!\u200b)|!\[|<\w|<!--|\bwww\.(?!\u200b)")


def is_inert(text: str) -> bool:
    """Nothing of it acts; a backslash before makes a character plain text."""
    return not MENTION.search(re.sub(r"\\.", "", text)) and "\u202e" not in text


@given(STANDING)
def test_status_is_inert(now: Standing) -> None:
    text = answers.status(now)
    assert text.startswith("**Switchover: ") and text.endswith("\n") and is_inert(text)


@given(KNOWN)
def test_why_is_inert(pull: Known) -> None:
    text = answers.why(pull)
    assert text.startswith("**Switchover: this pull request ") and is_inert(text)


@given(TEXT)
def test_the_others_are_inert(text: str) -> None:
    for said in (answers.usage(text), answers.started("w.yml", text), answers.not_started(inline(text))):
        assert is_inert(said) and len(said) < 2000
