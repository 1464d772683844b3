"""The recipe: each filter, its number, its reason."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.generate.select import Facts, Recipe, facts, first_reason, patch_lines, second_reason
from tests.generate.making import PATCH, rollout, said, tool, user

FINE = Facts(tool_output_tokens=100, kept_share=1.0, whole_thoughts=True)
RECIPE = Recipe()


def long_patch(lines: int) -> str:
    return f"--- a/a\n+++ b/a\n@@ -1,0 +1,{lines} @@\n" + "+\n" * lines


def first(verdict: str | None = "yes", duplicate: str | None = None, known: Facts = FINE, **given: Any) -> str | None:
    why = first_reason(rollout(**given), verdict, duplicate, known, RECIPE)
    return why[0] if why else None


def second(recall: float | None, compared: bool = True, **given: Any) -> str | None:
    why = second_reason(rollout(**given), recall, compared, None, FINE, RECIPE)
    return why[0] if why else None


def test_a_good_change_is_kept() -> None:
    assert first() is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"exit": "error"}, "failed_by_us"),
        ({"exit": "no_patch", "patch": ""}, "no_patch"),
        ({"exit": "step_limit"}, "not_submitted"),
        ({"marks": ("network",)}, "cheat_marks"),
        ({"verdict": None}, "unfinished"),
        ({"verdict": "no"}, "self_check_no"),
        ({"verdict": "unclear"}, "self_check_unclear"),
        ({"duplicate": "t.1.0"}, "duplicate_patch"),
        ({"patch": long_patch(41)}, "long_patch"),
        ({"known": Facts(601, 1, True)}, "long_tool_output"),
        ({"known": Facts(0, 0.87, True)}, "too_long"),
        ({"known": Facts(0, 1, False)}, "broken_thinking"),
    ],
)
def test_why_a_change_is_left_out(given: dict[str, Any], reason: str) -> None:
    assert first(**given) == reason


def test_the_numbers_themselves_are_still_kept() -> None:
    assert first(patch=long_patch(40), known=Facts(600, 0.88, True)) is None
    assert second(0.5) is None


@pytest.mark.parametrize(
    ("recall", "given", "reason"),
    [
        (0.499, {}, "low_recall"),
        (0.0, {}, "low_recall"),
        (None, {}, "recall_undefined"),
        (None, {"compared": False}, "unfinished"),
        (1.0, {"exit": "time_limit"}, "not_submitted"),
    ],
)
def test_why_a_redone_change_is_left_out(recall: float | None, given: dict[str, Any], reason: str) -> None:
    assert second(recall, **given) == reason


def test_length_and_tool_output_are_filters_of_the_change_alone() -> None:
    assert second_reason(rollout(patch=long_patch(99)), 1.0, True, None, Facts(9999, 1, True), RECIPE) is None


def test_patch_lines_counts_what_hunks_hold() -> None:
    assert patch_lines(PATCH) == 1
    assert patch_lines(long_patch(7)) == 7
    assert patch_lines("--- a/a\n+++ b/a\n@@ -1,2 +1,1 @@\n--- sql\n x\n") == 1
    assert patch_lines("") == 0


def test_facts_of_messages() -> None:
    messages = (user("x" * 35), said("y" * 35), tool("z" * 70), tool("z" * 140))
    known = facts(messages, 1000)
    assert known == Facts(tool_output_tokens=30.0, kept_share=1.0, whole_thoughts=True)
    assert facts(messages, 35).kept_share == 0.5  # cut after the assistant's only turn
    assert facts(messages, 5).kept_share == 0.0


@pytest.mark.parametrize(
    ("text", "whole"),
    [("<think>a</think>b", True), ("b", True), ("<think>a", False), ("a</think>", False), ("</think><think>", False)],
)
def test_think_tags_come_in_pairs(text: str, whole: bool) -> None:
    assert facts((said(text),), 100).whole_thoughts is whole
    assert facts((tool(text),), 100).whole_thoughts, "tool output may show the tag as it likes"
