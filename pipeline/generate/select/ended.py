"""Filters by how a rollout ended. Pure."""

from __future__ import annotations

from pipeline.generate.select.case import Case, Reason
from pipeline.generate.select.recipe import Recipe


def failed_by_us(case: Case, recipe: Recipe) -> Reason | None:
    return ("failed_by_us", case.rollout.detail) if case.rollout.exit == "error" else None


def abstained(case: Case, recipe: Recipe) -> Reason | None:
    return ("abstained", "the teacher found nothing to change") if case.abstained else None


def no_patch(case: Case, recipe: Recipe) -> Reason | None:
    return ("no_patch", "submitted without a change") if case.rollout.exit == "no_patch" else None


def not_submitted(case: Case, recipe: Recipe) -> Reason | None:
    return None if case.rollout.exit == "submitted" else ("not_submitted", case.rollout.exit)


def cheated(case: Case, recipe: Recipe) -> Reason | None:
    marks = case.rollout.cheat_marks
    return ("cheat_marks", ", ".join(marks)) if marks else None
