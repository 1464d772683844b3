"""Who wrote it, whether a program did, and what a config leaves out."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.collect.filters import day, unwanted
from pipeline.collect.history import Commit, utc
from pipeline.collect.people import author_of, is_bot, matches_any
from pipeline.config import CollectConfig
from pipeline.errors import InputError
from pipeline.types import ChangedFile, Pull

PULL = Pull(
    "o/n", 1, "Title", "", "robert", "2025-06-01T00:00:00Z", None, "squash", "a" * 40, "b" * 40, None, None, "Title",
    (ChangedFile("vendor/x/y.py", "generated", 1, 0), ChangedFile("vendor/z.py", "generated", 1, 0)), labels=("Chore",),
)  # fmt: skip


def commit(name: str, email: str = "", parents: tuple[str, ...] = ("p",)) -> Commit:
    return Commit("a" * 40, parents, 0, 0, name, email, "", "message")


@pytest.mark.parametrize(
    ("name", "bot"),
    [
        ("dependabot[bot]", True), ("renovate-bot", True), ("Renovate Bot", True), ("github-actions", True),
        ("pre-commit-ci", True), ("k8s-ci-robot", True), ("Robert", False), ("Abbot", False), ("robottor", False),
        ("renovater-fan", False), ("Snyk Ada", True),
    ],
)  # fmt: skip
def test_bots_by_name(name: str, bot: bool) -> None:
    assert is_bot(name) is bot


def test_bots_by_branch() -> None:
    assert is_bot("Ada", "lib/dependabot/pip/x-2")
    assert is_bot("Ada", "lib/renovate/all")
    assert not is_bot("Ada", "ada/renovated-kitchen")


def test_the_author_is_who_wrote_most() -> None:
    merge = commit("Merger", parents=("p", "q"))
    ada, ben = commit("Ada"), commit("B", "12+ben@users.noreply.github.com")
    assert author_of(merge, [ada, ben, ben]) == "ben"
    assert author_of(merge, [ada, ben]) == "Ada"
    assert author_of(merge, []) == "Merger"
    assert author_of(ben, [ada]) == "ben"


def test_brackets_in_a_pattern_are_brackets() -> None:
    assert matches_any("dependabot[bot]", ["*[bot]"])
    assert not matches_any("robert", ["*[bot]"])
    assert matches_any("ADA", ["a?a"])


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (CollectConfig(), None),
        (CollectConfig(since="2025-06-01T00:00:01Z"), "before_since"),
        (CollectConfig(since="2025-06-01"), None),
        (CollectConfig(skip_authors=("rob*",)), "skipped_author"),
        (CollectConfig(skip_labels=("chore",)), "skipped_label"),
        (CollectConfig(skip_paths=("vendor/**",)), "skipped_path"),
        (CollectConfig(skip_paths=("vendor/",)), "skipped_path"),
        (CollectConfig(skip_paths=("**/*.py",)), "skipped_path"),
        (CollectConfig(skip_paths=("vendor/*",)), None),  # y.py lies deeper
        (CollectConfig(skip_paths=("vendor/x/**",)), None),  # z.py lies elsewhere
    ],
)
def test_what_a_config_leaves_out(config: CollectConfig, reason: str | None) -> None:
    verdict = unwanted(PULL, config)
    assert (verdict[0] if verdict else None) == reason


def test_a_bot_is_called_one_however_it_is_found() -> None:
    bot = dataclasses.replace(PULL, author="dependabot[bot]")
    assert unwanted(bot, CollectConfig()) == ("bot", "dependabot[bot]")
    assert unwanted(PULL, CollectConfig(), "o/dependabot/x") == ("bot", "o/dependabot/x")
    assert unwanted(bot, CollectConfig(skip_authors=())) is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2025-01-31", "2025-01-31T00:00:00Z"),
        ("2025-01-31T12:00:00+02:00", "2025-01-31T10:00:00Z"),
        ("2025-01-31T12:00:00Z", "2025-01-31T12:00:00Z"),
    ],
)
def test_days(text: str, time: str) -> None:
    assert day(text, "--since") == time


@pytest.mark.parametrize("text", ["soon", "2025-13-01", ""])
def test_a_wrong_day_names_its_place(text: str) -> None:
    with pytest.raises(InputError, match=r"--since: .*2025-01-31"):
        day(text, "--since")


def test_times() -> None:
    assert utc(0) == "1970-01-01T00:00:00Z"
    assert utc(10**15) == "1970-01-01T00:00:00Z"
