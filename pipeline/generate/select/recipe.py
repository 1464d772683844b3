"""The recipes: named sets of numbers for the filters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pipeline.settings import GenerateConfig


@dataclass(frozen=True)
class Recipe:
    """The defaults are ``sera-2026``: the filters of arXiv 2601.20789 with its numbers, and near duplicates."""

    keep_recall_from: float = 0.5
    """Rollout 2 is kept from this recall on, 0..1."""
    max_patch_lines: int = 40
    """Added and removed lines of a patch of rollout 1, blank ones included."""
    max_tool_output_tokens: float = 600
    """Mean of what a rollout 1 was shown per turn, estimated."""
    context_tokens: int = 32768
    """What training reads of a rollout; a conversation of so many is cut already, as in the reference."""
    min_kept_share: float = 0.88
    """Share of the messages that must lie within ``context_tokens``."""
    near_duplicate_from: float = 0.8
    """Share of changed lines that two patches have in common (Jaccard) to count as one, above 0 to 1.

    Not in the reference, which drops equal texts alone. 0.8: of ten changed lines one may differ.
    """


RECIPE = "sera-2026"
"""The default."""

RECIPES: Mapping[str, Recipe] = MappingProxyType({RECIPE: Recipe()})


def recipe_of(config: GenerateConfig) -> Recipe:
    """The recipe that ``config`` names, with the threshold that it sets."""
    return replace(RECIPES[config.selection], keep_recall_from=config.keep_recall_from)
