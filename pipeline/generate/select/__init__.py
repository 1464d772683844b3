"""Which rollouts become samples: the filters of a named recipe, each drop with one reason. Pure.

recipe       the numbers, by name
facts        what the filters have to know of a rollout's messages and patch: measured once
ended        how it ended: failed_by_us, no_patch, abstained, not_submitted, cheat_marks
content      what is in it: secret, broken_thinking
length       too_long, long_patch, long_tool_output
agreement    who stands by it: self-check and recall
duplicates   equal and nearly equal patches
rules        the order of all these: the first that applies is the one reason
"""

from __future__ import annotations

from pipeline.generate.select.case import Case, Filter, Reason
from pipeline.generate.select.duplicates import Duplicates
from pipeline.generate.select.facts import Facts, facts_of
from pipeline.generate.select.recipe import RECIPE, RECIPES, Recipe, recipe_of
from pipeline.generate.select.rules import FIRST, SECOND, reason

__all__ = [
    "FIRST",
    "RECIPE",
    "RECIPES",
    "SECOND",
    "Case",
    "Duplicates",
    "Facts",
    "Filter",
    "Reason",
    "Recipe",
    "facts_of",
    "reason",
    "recipe_of",
]
