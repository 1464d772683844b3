"""Which kinds of change may go to own: those on which it is proven, all claims taken together.

    e = (min(E_noninferior, E_saving) + E_better) / 2,   times what the epoch may stake,   then e-BH

Each half is an e-value of "own is not ready on this kind": it is not within the margin, or not cheaper,
and it is not better. The minimum of two e-values is one for "either null holds", a mean of e-values is one
again, and the stake (half of the wealth, see ``wealth``) keeps the promise over new versions. On soft scores
the whole is at most the guard's e-value times its stake, as own is not ready either where the guard fails.
e-BH (Wang and Ramdas 2022) then holds for any dependence between the kinds, at any time one looks, and uses
every pull request. The obvious other way, choosing the kinds on one half of the PRs and proving them on the
other, would double the PRs that it takes, and its halves are looked at again after each PR.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pipeline.decide.bets import LOG_ZERO, log_mean
from pipeline.decide.ebh import select
from pipeline.decide.wealth import STAKE


def suggest(verdicts: Sequence[dict[str, Any]], error_chance: float) -> list[dict[str, Any]]:
    """A route for each verdict: ``to`` own or frontier, ``log_e`` and what it ``needed`` to be, ``among`` how many.

    Of the kinds routed to own, the expected share that it is not ready for is at most
    ``error_chance``. ``needed`` is for a kind that is proven alone or next after those that are.
    """
    evidence = [_evidence(verdict) for verdict in verdicts]
    claimed = set(select(evidence, error_chance))
    missing = math.log(len(verdicts) / (error_chance * (len(claimed) + 1))) if verdicts else 0.0
    claimable = math.log(len(verdicts) / (error_chance * len(claimed))) if claimed else missing
    return [
        {
            "to": "own" if i in claimed else "frontier",
            "log_e": log_e,
            "needed": claimable if i in claimed else missing,
            "error_chance": error_chance,
            "among": len(verdicts),
        }
        for i, log_e in enumerate(evidence)
    ]


def _evidence(verdict: dict[str, Any]) -> float:
    shown = verdict["log_e"]
    pays = verdict["cost"]["net_log_e"] if verdict["cost"]["net_usd_per_pull"] is not None else shown["saving"]
    switch = min(shown["noninferior"], LOG_ZERO if pays is None else pays)
    # With a value per solved PR being better is no way around the net gain.
    ways = [switch] if verdict["cost"]["net_usd_per_pull"] is not None else [switch, shown["better"]]
    proof = log_mean(ways) + math.log(STAKE * verdict["wealth"])
    guard = verdict.get("guard")
    return min(proof, guard["log_e"] + math.log(STAKE * guard["wealth"])) if guard else proof
