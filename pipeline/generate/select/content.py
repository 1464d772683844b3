"""Filters by what a rollout's messages hold. Pure."""

from __future__ import annotations

from pipeline.generate.select.case import Case, Reason
from pipeline.generate.select.recipe import Recipe


def secret(case: Case, recipe: Recipe) -> Reason | None:
    """Names the rule and the place, never the value."""
    found = case.facts.secrets
    return ("secret", "; ".join(found)) if found else None


def broken_thinking(case: Case, recipe: Recipe) -> Reason | None:
    return None if case.facts.whole_thoughts else ("broken_thinking", "a think tag without its pair")
