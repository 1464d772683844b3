"""Filters by who stands by a rollout: its teacher's self-check, and the rollout that it is compared with. Pure."""

from __future__ import annotations

from pipeline.generate.select.case import Case, Reason
from pipeline.generate.select.recipe import Recipe

_VERDICTS: dict[str | None, Reason] = {
    None: ("unfinished", "its self-check is still to be made"),
    "no": ("self_check_no", "the teacher does not stand by it"),
    "unclear": ("self_check_unclear", "no yes or no could be read"),
}


def self_check(case: Case, recipe: Recipe) -> Reason | None:
    return _VERDICTS.get(case.verdict)


def recall(case: Case, recipe: Recipe) -> Reason | None:
    if case.compared is None:
        return "unfinished", "not compared yet"
    own = case.compared["own"]
    if own is None:
        return "not_comparable", str(case.compared["detail"])
    share = own["recall"]
    if share is None:
        return "recall_undefined", "rollout 1 changed no countable line"
    if share < recipe.keep_recall_from:
        return "low_recall", f"{share:.3f}, kept from {recipe.keep_recall_from:g}"
    return None
