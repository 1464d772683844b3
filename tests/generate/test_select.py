"""The recipe: each filter, its number, its reason, and the order of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipeline.generate.select import FIRST, RECIPE, RECIPES, SECOND, Case, Facts, Recipe, reason, recipe_of
from pipeline.settings import GenerateConfig
from pipeline.types import Exit
from tests.generate.making import rollout

FINE = Facts(patch_lines=1, tool_output_tokens=100, context_tokens=32768, kept_share=1.0, whole_thoughts=True)
NUMBERS = Recipe()


def first(verdict: str | None = "yes", abstained: bool = False, known: Facts = FINE, **given: Any) -> str | None:
    why = reason(Case(rollout(**given), known, abstained, verdict), NUMBERS, FIRST)
    return why[0] if why else None


def second(compared: Mapping[str, Any] | None, known: Facts = FINE, exit: Exit = "submitted") -> str | None:
    why = reason(Case(rollout(exit=exit), known, compared=compared), NUMBERS, SECOND)
    return why[0] if why else None


def recalled(share: float | None) -> dict[str, Any]:
    return {"own": {"recall": share}, "sera": None, "detail": ""}


def test_the_numbers_are_those_of_the_paper() -> None:
    assert RECIPES[RECIPE] == Recipe(0.5, 40, 600, 32768, 0.88, 0.8) == recipe_of(GenerateConfig())
    assert recipe_of(GenerateConfig(keep_recall_from=0.0)) == replace(NUMBERS, keep_recall_from=0.0)


def test_what_is_as_it_should_be_is_kept() -> None:
    assert first() is None
    assert second(recalled(1.0)) is None


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"exit": "error"}, "failed_by_us"),
        ({"exit": "no_patch", "patch": "", "abstained": True}, "abstained"),
        ({"exit": "no_patch", "patch": ""}, "no_patch"),
        ({"exit": "step_limit"}, "not_submitted"),
        ({"marks": ("network",)}, "cheat_marks"),
        ({"known": replace(FINE, secrets=("token in message 3",))}, "secret"),
        ({"known": replace(FINE, whole_thoughts=False)}, "broken_thinking"),
        ({"known": replace(FINE, kept_share=0.87)}, "too_long"),
        ({"verdict": None}, "unfinished"),
        ({"verdict": "no"}, "self_check_no"),
        ({"verdict": "unclear"}, "self_check_unclear"),
        ({"known": replace(FINE, patch_lines=41)}, "long_patch"),
        ({"known": replace(FINE, tool_output_tokens=600.1)}, "long_tool_output"),
    ],
)
def test_why_a_change_is_left_out(given: dict[str, Any], code: str) -> None:
    assert first(**given) == code


@pytest.mark.parametrize(
    ("compared", "exit", "code"),
    [
        (recalled(0.499), "submitted", "low_recall"),
        (recalled(0.0), "submitted", "low_recall"),
        (recalled(None), "submitted", "recall_undefined"),
        ({"own": None, "sera": 0.5, "detail": "does not apply"}, "submitted", "not_comparable"),
        (None, "submitted", "unfinished"),
        (recalled(1.0), "time_limit", "not_submitted"),
    ],
)
def test_why_a_redone_change_is_left_out(compared: dict[str, Any] | None, exit: Exit, code: str) -> None:
    assert second(compared, exit=exit) == code


def test_the_numbers_themselves_are_still_kept() -> None:
    assert first(known=replace(FINE, patch_lines=40, tool_output_tokens=600, kept_share=0.88)) is None
    assert second(recalled(0.5)) is None


def test_length_and_tool_output_are_filters_of_the_change_alone() -> None:
    assert second(recalled(1.0), replace(FINE, patch_lines=99, tool_output_tokens=9999)) is None


def test_of_several_reasons_the_first_in_order_is_given() -> None:
    worst = Facts(99, 9999, 32768, 0.1, False, ("password in the patch",))
    assert first("no", known=worst, exit="error", marks=("network",)) == "failed_by_us"
    assert first("no", known=worst, marks=("network",)) == "cheat_marks"
    assert first("no", known=worst) == "secret"
    assert first("no", known=replace(FINE, patch_lines=99)) == "self_check_no"
    assert second(recalled(0.0), worst) == "secret"


def test_the_detail_of_a_secret_says_where_and_not_what() -> None:
    known = replace(FINE, secrets=("token in message 3", "password in the patch"))
    assert reason(Case(rollout(), known, verdict="yes"), NUMBERS, FIRST) == (
        "secret",
        "token in message 3; password in the patch",
    )
