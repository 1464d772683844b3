"""The pure parts of the pages: words, progress, what needs attention."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pages import links, words
from bot.pages.attention import Troubles, attention
from bot.pages.links import Links
from bot.pages.overview import figure
from bot.pages.progress import is_busy, progress, seconds_left
from bot.pages.queries import Arrival
from bot.pages.view import arrival_line, between, repository_tags
from pipeline.app_state import Budget, Delivery, Installation
from pipeline.types import Repository

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
IDLE = Repository(
    id=1,
    installation=1,
    name="acme/gateway",
    private=True,
    default_branch="main",
    state="active",
    paused=False,
    configured=True,
    config_error=None,
    watermark=None,
    backfill="done",
    cursor=None,
    page_size=100,
    calls=13,
    seen=1280,
    total=1280,
    started_at=None,
    dirty=0,
    tries=0,
    due_at=0,
    error=None,
    updated_at="2026-11-25T11:59:00Z",
)
CALM = Troubles((), None, None, (), 0, (), (), (), (), 0, ())
FORGE = Links("https://github.com")


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86399, "23 h"),
        (86400, "1 d"),
        (1e9, "11574 d"),
    ],
)
def test_a_time_span_has_one_unit(seconds: float, said: str) -> None:
    assert words.span(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (at(0), "just now"),
        (at(-4), "4 s ago"),
        (at(600), "in 10 min"),
        ("2026-11-25T13:00:00+02:00", "1 h ago"),
        ("2026-11-25 11:00:00", "1 h ago"),
        (NOW.timestamp() - 120.5, "2 min ago"),
    ],
)
def test_a_moment_is_relative_and_absolute(value: str | float, said: str) -> None:
    shown = str(words.moment(value, NOW))
    assert shown.endswith(f">{said}</time>")
    assert re.match(r'<time datetime="2026-11-25T1\d:\d\d:\d\dZ" title="2026-11-25 1\d:\d\d:\d\d UTC">', shown)


@pytest.mark.parametrize("value", [None, "soon", "<b>", 1e40, "9999999-01-01", float("nan")])
def test_what_is_no_time_is_shown_as_it_is(value: str | float | None) -> None:
    assert words.moment(value, NOW) == ("–" if value is None else str(value))


@given(st.text(max_size=400), st.integers(1, 80))
def test_text_from_outside_is_one_short_visible_line(text: str, length: int) -> None:
    shown = words.shown(text, length)
    assert len(shown) <= length and not set(shown) & set("\n\r\t\x00\x1b\u202e")
    shown.encode()


@pytest.mark.parametrize(
    ("count", "said"), [(None, "–"), (0, "0 B"), (999, "999 B"), (24_100, "24 kB"), (1_300_000, "1.3 MB")]
)
def test_sizes(count: int | None, said: str) -> None:
    assert words.size(count) == said


def test_numbers_have_separators_and_cut_counts_say_so() -> None:
    assert (words.number(None), words.number(1234567)) == ("–", "1,234,567")
    assert (figure(99_999), figure(100_000)) == ("99,999", "100,000+")


@pytest.mark.parametrize(
    ("change", "share", "said"),
    [
        ({}, 1.0, "1,280 pull requests · 13 pages"),
        ({"backfill": "waiting", "seen": 0, "total": None, "calls": 0}, 0.0, "0 pull requests"),
        ({"backfill": "running", "seen": 0, "total": None, "calls": 1}, None, "0 pull requests · 1 page"),
        ({"backfill": "running", "seen": 0, "total": 0, "calls": 1}, None, "0 of 0 pull requests · 1 page"),
        ({"backfill": "failed", "seen": 30, "total": 20, "calls": 1}, 1.0, "30 of 20 pull requests · 1 page"),
        ({"backfill": "failed", "due_at": NOW.timestamp() + 90}, 1.0, "1,280 of 1,280 pull requests · 13 pages"),
        ({"backfill": "waiting", "seen": 10, "total": 20, "calls": 1, "due_at": NOW.timestamp() + 90}, 0.5,
         "10 of 20 pull requests · 1 page · tries again in 1 min"),
    ],
)  # fmt: skip
def test_progress(change: dict[str, object], share: float | None, said: str) -> None:
    bar = progress(replace(IDLE, **change), NOW)  # type: ignore[arg-type]
    assert (bar.share, bar.words) == (share, said)


def test_all_of_the_past_is_there_so_it_catches_up() -> None:
    bar = progress(replace(IDLE, backfill="waiting"), NOW)
    assert (bar.state, bar.share) == ("catching up", 1.0)
    assert "read from a clone" in progress(replace(IDLE, dirty=1), NOW).words
    assert progress(replace(IDLE, backfill="waiting", state="forgotten"), NOW).state == "stopped"


@pytest.mark.parametrize(
    ("change", "busy"),
    [
        ({}, False),
        ({"backfill": "running"}, True),
        ({"backfill": "waiting"}, True),
        ({"backfill": "failed"}, False),
        ({"dirty": 1}, True),
        ({"backfill": "running", "updated_at": at(-121)}, False),
        ({"backfill": "running", "updated_at": "?"}, False),
        ({"backfill": "running", "state": "removed"}, False),
    ],
)
def test_a_page_loads_itself_again_only_while_something_moves(change: dict[str, object], busy: bool) -> None:
    assert is_busy(replace(IDLE, **change), NOW) is busy  # type: ignore[arg-type]


def test_the_time_left_follows_the_rate() -> None:
    running = replace(IDLE, backfill="running", seen=2500, total=10000, started_at=at(-100), updated_at=at(0))
    assert seconds_left(running) == pytest.approx(300)
    assert "about 5 min left" in progress(running, NOW).words
    for unknown in ({"started_at": None}, {"seen": 0}, {"total": None}, {"backfill": "done"}, {"updated_at": at(-100)}):
        assert seconds_left(replace(running, **unknown)) is None  # type: ignore[arg-type]


def test_nothing_to_say_is_nothing() -> None:
    assert attention(CALM, FORGE, NOW) == []


@pytest.mark.parametrize(("seconds", "count"), [(299, 0), (301, 1)])
def test_waiting_is_normal_for_five_minutes(seconds: int, count: int) -> None:
    assert len(attention(replace(CALM, oldest_due=at(-seconds)), FORGE, NOW)) == count


@pytest.mark.parametrize(("remaining", "reset", "count"), [(500, 60, 0), (499, 60, 1), (0, -1, 0)])
def test_a_limit_matters_when_it_is_nearly_used_and_not_over(remaining: int, reset: int, count: int) -> None:
    budget = Budget(0, "core", 5000, remaining, int(NOW.timestamp()) + reset, at(0))
    assert len(attention(replace(CALM, budgets=[budget]), FORGE, NOW)) == count


def test_the_same_error_is_said_once() -> None:
    dead = [
        Delivery(n, f"g{n}", event, None, 1, 1, at(0), "webhook", "dead", 8, 0, "no", None)
        for n, event in enumerate(["push", "issues", "push"])
    ]
    [one] = attention(replace(CALM, dead=dead, dead_count=3), FORGE, NOW)
    assert one.what == "3 deliveries were given up" and one.details == ("no (push, issues)",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"configured": 0}, ["not configured"]),
        ({"configured": 0, "config_error": "x"}, ["config not valid"]),
        ({"paused": 1, "installation": None}, ["paused", "collected by hand"]),
        ({"state": "deleted"}, ["deleted"]),
    ],
)
def test_tags(change: dict[str, object], said: list[str]) -> None:
    assert [tag.word for tag in repository_tags(replace(IDLE, **change))] == said  # type: ignore[arg-type]


@given(st.text(min_size=1, max_size=60))
def test_addresses_are_quoted_whatever_is_in_them(text: str) -> None:
    name = text.encode("utf-8", "replace").decode()
    there = Installation(5, name, "Organization", "active", None, "")
    for made in (
        FORGE.pull(name, name),
        FORGE.installation(there),
        links.delivery(name),
        links.query("/x", event=name),
    ):
        assert re.fullmatch(r"(https://github\.com)?/[\w/.~%&=+?-]*", made, re.ASCII), made


def test_between_is_never_negative() -> None:
    assert (between(at(0), at(70)), between(at(5), at(0)), between("x", at(0))) == ("1 min", "0 s", "")


@pytest.mark.parametrize(
    ("stored_at", "delay"),
    [("2026-11-25T10:00:04Z", "4 s"), ("2026-11-27T10:00:00Z", "2 d"), ("2026-11-29T10:00:00Z", "backfill"), ("", "")],
)
def test_how_late_an_old_pull_request_came_is_no_delay_of_ours(stored_at: str, delay: str) -> None:
    one = Arrival("o/n", 1, "t", "2026-11-25T10:00:00Z", stored_at)
    assert arrival_line(one, Links("https://github.com")).delay == delay
