"""Filters by size. Pure."""

from __future__ import annotations

from pipeline.generate.select.case import Case, Reason
from pipeline.generate.select.recipe import Recipe


def too_long(case: Case, recipe: Recipe) -> Reason | None:
    share = case.facts.kept_share
    if share >= recipe.min_kept_share:
        return None
    return "too_long", f"{share:.2f} of its messages fit into {recipe.context_tokens} tokens"


def long_patch(case: Case, recipe: Recipe) -> Reason | None:
    lines = case.facts.patch_lines
    if lines <= recipe.max_patch_lines:
        return None
    return "long_patch", f"{lines} changed lines, at most {recipe.max_patch_lines}"


def long_tool_output(case: Case, recipe: Recipe) -> Reason | None:
    mean = case.facts.tool_output_tokens
    if mean <= recipe.max_tool_output_tokens:
        return None
    return "long_tool_output", f"about {mean:.0f} tokens a turn, at most {recipe.max_tool_output_tokens:g}"
