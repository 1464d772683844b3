"""The order of the filters: what they say of one rollout by itself, the first that applies. Pure.

Duplicates come after all of these (``pipeline.generate.stories.Sieve``): a patch that is left out
anyway must not take the place of an equal one that would be kept.
"""

from __future__ import annotations

from pipeline.generate.select.agreement import recall, self_check
from pipeline.generate.select.case import Case, Filter, Reason
from pipeline.generate.select.content import broken_thinking, secret
from pipeline.generate.select.ended import abstained, cheated, failed_by_us, no_patch, not_submitted
from pipeline.generate.select.length import long_patch, long_tool_output, too_long
from pipeline.generate.select.recipe import Recipe

_BOTH: tuple[Filter, ...] = (
    failed_by_us,
    abstained,
    no_patch,
    not_submitted,
    cheated,
    secret,
    broken_thinking,
    too_long,
)

FIRST: tuple[Filter, ...] = (*_BOTH, self_check, long_patch, long_tool_output)
"""For rollout 1. Its length filters are not for rollout 2, as in the reference."""

SECOND: tuple[Filter, ...] = (*_BOTH, recall)
"""For rollout 2."""


def reason(case: Case, recipe: Recipe, filters: tuple[Filter, ...]) -> Reason | None:
    """What the first filter that applies says; None when none does."""
    return next((why for rule in filters if (why := rule(case, recipe))), None)
