"""From what is proven to one word and the reasons for it. Pure rules, no numbers are made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["training", "collecting", "behind", "close", "ready", "switched", "drifted"]


@dataclass(frozen=True)
class Facts:
    """What the state depends on."""

    has_own: bool
    """False while there is no own model to judge."""
    n: int
    n_min: int
    noninferior: bool = False
    """Here and below: shown at some point of this epoch (latched)."""
    better: bool = False
    worse: bool = False
    saving: bool = False
    utility: bool | None = None
    """None when no value per solved PR is set; otherwise it takes the place of ``saving``."""
    saving_unknown: bool = False
    withheld: float | None = None
    """The margin in line F1 that own is not yet shown to keep, while a flag on recall waits for it."""
    switched: bool = False
    alarmed: bool = False
    """The audit after a switch has called for switching back."""
    fewest: int | None = None
    """PRs that it takes even if own ties frontier on each; None where ties prove nothing (margin 0)."""
    recheck: str | None = None
    """new_frontier or band_empty while an earlier verdict on this adapter awaits a new one."""


def judge_state(facts: Facts) -> tuple[State, list[str]]:
    """The state and its reasons, the deciding one first."""
    if not facts.has_own:
        return "training", ["no_adapter: no attempt of an own model is there to judge"]
    return _after_a_verdict(facts) or _undecided(facts)


def _after_a_verdict(facts: Facts) -> tuple[State, list[str]] | None:
    if facts.switched and (facts.alarmed or facts.worse):
        return "drifted", ["switch_back: own has fallen beyond the margin since the switch; route to frontier"]
    if facts.noninferior and facts.worse:
        return "drifted", ["band_empty: own was shown within the margin and later beyond it; a new epoch begins"]
    if facts.recheck and not (_is_ready(facts) or facts.worse):
        return "drifted", [_RECHECK[facts.recheck], *_open_points(facts)]
    if facts.switched:
        return "switched", ["switched: a human routes the team to own; audits watch for a switch-back"]
    return None


_RECHECK = {
    "new_frontier": "new_frontier: the frontier model changed after own was ready; evidence starts anew",
    "band_empty": "band_empty: the mean moved during the last epoch; evidence starts anew",
}


def _undecided(facts: Facts) -> tuple[State, list[str]]:
    if facts.n < facts.n_min:
        early = [_too_early(facts)] if _is_too_early(facts) else []
        named = f"collecting: {facts.n} of the {facts.n_min} pull requests before a state is named"
        return "collecting", [named, *early]
    if _is_ready(facts):
        return "ready", _proofs(facts)
    if facts.worse:
        return "behind", ["worse: own is shown to be more than the margin behind"]
    return "close", _open_points(facts)


def _is_ready(facts: Facts) -> bool:
    return facts.withheld is None and _is_proven(facts)


def _is_proven(facts: Facts) -> bool:
    if facts.utility is not None:
        return facts.noninferior and facts.utility
    return facts.better or (facts.noninferior and facts.saving)


def _proofs(facts: Facts) -> list[str]:
    shown = {
        "better: own scores higher": facts.better,
        "noninferior: own is within the margin of frontier or better": facts.noninferior,
        "cheaper: own costs less per pull request": facts.saving,
        "pays: the net gain per pull request is above 0": bool(facts.utility),
    }
    return [text for text, holds in shown.items() if holds] + ([] if facts.saving else _cost_points(facts))


def _open_points(facts: Facts) -> list[str]:
    undecided = _too_early(facts) if _is_too_early(facts) else "undecided: non-inferiority is not yet shown"
    points = ["noninferior: shown"] if facts.noninferior else [undecided]
    if facts.utility is False:
        points.append("pays_not_shown: a net gain per pull request is not yet shown")
    return _guard_points(facts) + points + ([] if facts.saving else _cost_points(facts))


def _guard_points(facts: Facts) -> list[str]:
    if facts.withheld is None or not (facts.noninferior or facts.better):
        return []
    return [
        f"over_editing: own is not shown to be within {100 * facts.withheld:.0f} points in line F1; recall alone "
        "does not see what a patch changes beyond the human one"
    ]


def _is_too_early(facts: Facts) -> bool:
    shown = facts.noninferior or facts.better or facts.worse
    return not shown and facts.fewest is not None and facts.n < facts.fewest


def _too_early(facts: Facts) -> str:
    return (
        f"undecided: cannot be decided yet; {facts.n} of at least {facts.fewest} pull requests, "
        "which it takes even if own ties frontier on each"
    )


def _cost_points(facts: Facts) -> list[str]:
    if facts.saving_unknown:
        return ["saving_unknown: attempts have no known cost; set prices in the config"]
    return ["saving_not_shown: a saving per pull request is not yet shown"]
