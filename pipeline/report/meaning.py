"""What states, measures and reason codes mean, in plain words: the one place that says it."""

from __future__ import annotations

from typing import Any

from pipeline.decide.words import points

TONES: dict[str, str] = {
    "training": "calm",
    "collecting": "calm",
    "close": "wait",
    "behind": "bad",
    "ready": "good",
    "switched": "good",
    "drifted": "bad",
}

GLYPHS: dict[str, str] = {
    "training": "○",
    "collecting": "◔",
    "close": "◑",
    "behind": "▼",
    "ready": "●",
    "switched": "✓",
    "drifted": "!",
}
"""Beside the word, so that no state is told by its colour alone."""

MEASURES: dict[str, str] = {"tests": "scored by tests", "recall": "scored by overlap with the human patch"}

MARKS: dict[str, str] = {
    "sealed": "Sealed: the patches were recorded before any human fix existed.",
    "older_than_knowledge_cutoff": "Older than what frontier was trained on: it may have read the fix.",
    "vague_prompt": "The text hardly says what to do.",
    "memorised": "A model knew parts of the patch without seeing the repository.",
}
"""Marks of a pull request, in words."""


def marked(mark: str) -> str:
    """A mark's meaning; of one that is not known here its code in words."""
    return MARKS.get(mark) or f"Marked: {mark.replace('_', ' ')}."


LEFT_OUT: dict[str, str] = {
    "void": "A failure of the harness, not of a model, stayed after retries; decided before any score was known.",
    "unpaired": "An attempt of own or of frontier is missing, so there is nothing to compare.",
    "other_measure": "Scored the other way (tests or overlap); the two are never pooled in one verdict.",
}

_MEANINGS: dict[str, str] = {
    "training": "There is no own model to judge yet.",
    "collecting": "Too early to tell: evaluations are coming in.",
    "close": "Not decided: neither model is shown to be ahead by enough.",
    "behind": "Stay with the frontier model: own is not good enough yet.",
    "switched": "The team runs on own; audits keep watching.",
    "drifted": "The last verdict no longer holds: check before relying on own.",
}


_DRIFTS: dict[str, str] = {
    "switch_back": "Own has fallen behind since the switch: go back to frontier.",
    "new_frontier": "The frontier model has changed since own was ready: it is judged anew.",
    "band_empty": "Own was good enough and is so no more: it is judged anew.",
}
"""By the deciding reason."""


def meaning(verdict: dict[str, Any]) -> str:
    """The state in one sentence that tells a reader what to do."""
    if verdict["state"] == "drifted":
        code = next(iter(verdict["reasons"]), "").split(":")[0]
        return _DRIFTS.get(code, _MEANINGS["drifted"])
    if verdict["state"] != "ready":
        return _MEANINGS[verdict["state"]]
    if "better" in verdict["latched"] and "saving" in verdict["latched"]:
        return "The transition point is reached: own is better, and cheaper."
    if "better" in verdict["latched"]:
        saving = verdict["cost"]["saving_usd_per_pull"]
        dearer = ", and dearer" if saving is not None and saving < 0 else ""
        return f"The transition point is reached: own is better{dearer}."
    return "The transition point is reached: own is as good within the margin, and cheaper."


def caution(verdict: dict[str, Any]) -> str:
    """What speaks against a flag that is up by what was shown once; "" where nothing does."""
    mean = verdict["mean_difference"]
    if verdict["state"] not in ("ready", "switched") or mean is None or mean >= -verdict["margin"]:
        return ""
    return (
        f"It has turned since: the mean over all {verdict['n']:,} pull requests lies beyond the margin of "
        f"{points(verdict['margin'])} points now. What was shown stays shown until its epoch ends; "
        "look at the newest pull requests before you rely on own."
    )
