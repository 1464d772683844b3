"""How far a proof of non-inferiority may be: the forecast with its range. A forecast, not a promise. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.decide.bets import BETS
from pipeline.decide.forecast import further_pulls
from pipeline.decide.volume import Volume
from pipeline.types import Evaluation

FEWEST = 20
"""PRs of an epoch below which a rate is no basis for anything."""


@dataclass(frozen=True)
class Ahead:
    """Further PRs, and the days they would be merged by; days are None where merge times are not known."""

    pulls: int
    soonest: int
    """If the rate were one standard error better."""
    latest: int | None
    """If it were one standard error worse; None: then never."""
    day: str | None
    soonest_day: str | None
    latest_day: str | None


def ahead(verdict: dict[str, Any], trace: Sequence[dict[str, Any]], evaluations: Iterable[Evaluation]) -> Ahead | None:
    """None once non-inferiority is shown, below 20 PRs, and where the rate so far leads nowhere."""
    pulls = verdict["forecast"]["pulls"]
    if not pulls or verdict["n"] < FEWEST:
        return None
    rate, error = _rate(verdict, trace)
    log_e, alpha = verdict["log_e"]["noninferior"], verdict["alpha"]
    soonest, latest = (further_pulls(log_e, rate + side * error, alpha) for side in (1, -1))
    merges = _volume(evaluations)
    days = [merges.date_after(n) for n in (pulls, soonest, latest)]
    return Ahead(pulls, soonest or pulls, latest, *days)


def _rate(verdict: dict[str, Any], trace: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """The best bet's mean log growth per PR in this epoch, and the standard error of that mean."""
    number, margin = verdict["epoch"]["number"], verdict["margin"]
    differences = [
        line["pull"]["difference"]
        for line in trace
        if line["epoch"]["number"] == number and line["pull"]["difference"] is not None
    ]
    gains = [(d + margin) / (1 - margin) for d in differences]
    grown = max(([math.log1p(k * gain) for gain in gains] for k in BETS), key=math.fsum)
    return statistics.fmean(grown), statistics.pstdev(grown) / math.sqrt(len(grown))


def _volume(evaluations: Iterable[Evaluation]) -> Volume:
    merges = Volume()
    for merged_at in {(row.repo, row.number): row.merged_at for row in evaluations if row.merged_at}.values():
        merges.add(merged_at)
    return merges
