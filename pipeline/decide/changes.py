"""When a repository's state has changed, and what was known at that moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.decide.states import State
from pipeline.decide.verdict import Verdict


@dataclass(frozen=True)
class Change:
    """A state that was entered, with the verdict's numbers at that moment; ``docs/decide.md`` explains them."""

    at: str | None
    """When the results that changed it were known (ISO, UTC); None where there are none."""
    state: State
    before: State | None
    """None for the first one."""
    reasons: tuple[str, ...]
    """Each ``code: sentence``, the deciding one first."""
    n: int
    epoch: int
    adapter: str | None
    frontier: str | None
    mean_difference: float | None
    low: float | None
    high: float | None
    margin: float
    alpha: float
    wealth: float
    log_e: Mapping[str, float | None]
    evidence_sha256: str | None = None
    """Of the evaluations up to ``at``; None until somebody has hashed them."""


def changes(trace: Iterable[Verdict]) -> list[Change]:
    """The states that ``trace`` passes through, oldest first; see ``history`` for a whole life.

    Of several at one time the last counts: files do not tell which was first. A drift for another
    reason is a change, too.
    """
    found: list[Change] = []
    for verdict in trace:
        while found and found[-1].at == verdict["at"]:
            found.pop()
        if not found or _key(verdict["state"], verdict["reasons"]) != _key(found[-1].state, found[-1].reasons):
            found.append(_change(verdict, found[-1].state if found else None))
    return found


def _key(state: str, reasons: Iterable[str]) -> tuple[str, str]:
    code = next(iter(reasons), "").split(":")[0]
    return state, code if state == "drifted" else ""


def _change(verdict: Mapping[str, Any], before: State | None) -> Change:
    epoch = verdict["epoch"]
    return Change(
        at=verdict["at"],
        state=verdict["state"],
        before=before,
        reasons=tuple(verdict["reasons"]),
        n=verdict["n"],
        epoch=epoch["number"],
        adapter=epoch["adapter"],
        frontier=epoch["frontier"],
        mean_difference=verdict["mean_difference"],
        low=verdict["low"],
        high=verdict["high"],
        margin=verdict["margin"],
        alpha=verdict["alpha"],
        wealth=verdict["wealth"],
        log_e=verdict["log_e"],
    )
